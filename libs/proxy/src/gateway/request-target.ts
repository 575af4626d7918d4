/** The path and query that a request line asks for. */
export interface RequestTarget {
  readonly path: string;
  /** `undefined` without `?`. */
  readonly query: string | undefined;
  /** Of an absolute-form target: it stands above the Host header. */
  readonly authority: string | undefined;
}

const ABSOLUTE = /^https?:\/\/([^/?#]+)([^#]*)$/i;

/** @returns `undefined` for a target that no request to an origin server has (`*`, a fragment, another scheme) */
export function parseTarget(target: string): RequestTarget | undefined {
  if (target.includes('#')) return undefined;
  if (target.charCodeAt(0) === 47) return split(target, undefined);
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null || absolute[1]?.includes('@')) return undefined;
  const rest = absolute[2] as string;
  return split(rest.startsWith('/') ? rest : `/${rest}`, absolute[1]);
}

function split(text: string, authority: string | undefined): RequestTarget {
  const mark = text.indexOf('?');
  if (mark < 0) return { path: text, query: undefined, authority };
  return { path: text.slice(0, mark), query: text.slice(mark + 1), authority };
}
