/** Where something was written. Lines and columns count from 1; 0 where a source has none (API, custom resource). */
export interface Position {
  readonly source: SourceName;
  /** File path, `configmap/<namespace>/<name>/<key>`, `<kind>/<namespace>/<name>`, or the id of an API configuration. */
  readonly document: string;
  readonly line: number;
  readonly column: number;
}

/** `api`, `file`, `configmap`, `crd`, or the name of a source that a program brings along. */
export type SourceName = string;

/** One thing that is wrong with what was given, said so that a person can mend it. */
export interface Problem {
  /** JSON Pointer into what was sent: the request body, the document or the custom resource. */
  readonly pointer: string;
  /** Stable, kebab-case, for programs: `unknown-property`, `wrong-type`, `unknown-filter`, … */
  readonly code: string;
  /** For people: what is wrong and what was expected. Never holds a secret. */
  readonly message: string;
  readonly position?: Position;
}

export function formatPosition({ document, line, column }: Position): string {
  return line > 0 ? `${document}:${line}:${column}` : document;
}
