import type { ParsedObject, Problem } from '@tigateway/model';

/** What a document says. With problems, `objects` is empty: a document is accepted whole or not at all. */
export interface ParsedDocument {
  readonly objects: readonly ParsedObject[];
  readonly problems: readonly Problem[];
  /** Taken over with a difference, or top-level keys that are not ours. */
  readonly warnings: readonly Problem[];
  /** What a document with a Spring root holds for other programs; absent where there is no such root. */
  readonly foreign?: readonly Problem[];
}
