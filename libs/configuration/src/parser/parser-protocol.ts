import type { SourceName } from '@tigateway/model';
import type { TextDocument } from './configuration-parser.js';
import type { Environment } from './placeholders.js';

export interface WorkerData {
  readonly environment: Environment;
}

/**
 * What the parsing thread is asked: a new document, or the next part of the one at hand. Parts come one for one question, since
 * taking a message over costs the asking thread time, and it must have its turn between them.
 */
export type Question = DocumentQuestion | { readonly ask: 'next' };

/** Read it for what is wrong with it, in that environment; or parse it in the thread's own. */
export type DocumentQuestion = { readonly source: SourceName; readonly document: TextDocument } & (
  { readonly ask: 'parse' } | { readonly ask: 'read'; readonly environment: Environment }
);

export interface Answer {
  /** A `ParsedDocument` as JSON: one text is carried from thread to thread far faster than many objects. */
  readonly part: string;
  readonly isLast: boolean;
}
