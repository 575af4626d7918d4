import type { Problem } from '@tigateway/model';

/** What a definition's content has for and against it. */
export interface Verdict {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}
