import type { Change, Configured } from '@tigateway/model';
import type { Snapshot } from '@tigateway/routing';

/** Other processes that serve traffic by what this one decides. Nobody provides it where this process serves alone. */
export abstract class ServingProcesses {
  /** What runs when this process begins, before any of them serves. */
  abstract begin(running: RunningConfigurations): void;
  /**
   * Has each of them compile a change aside.
   * @throws RouteCompileError where one cannot: then none will put it in force
   */
  abstract prepare(change: ServedChange): Promise<PreparedElsewhere>;
}

/** All that is in force, by key text. Persistent: whoever keeps it keeps it as it was. */
export type RunningConfigurations = Iterable<readonly [keyText: string, Configured]>;

export interface ServedChange {
  readonly changes: readonly Change[];
  /** What this process has compiled of it. */
  readonly snapshot: Snapshot;
  /** What will be in force. */
  readonly running: RunningConfigurations;
}

/** A change that others have compiled. It ends with exactly one of the two. */
export interface PreparedElsewhere {
  /** Settles when all serve by it, or serve no more. */
  swap(): Promise<void>;
  /** It does not come into force. */
  discard(): void;
}
