import type { ConfigType, ConfigurationKey, SourceName } from '@tigateway/model';

/**
 * What measures the pipeline, and makes room for its work. The process says who that is; all but `changing` only tells, and nothing
 * here waits for it.
 */
export abstract class ConfigurationObserver {
  /** Goes around the work of a change, until it is in force or refused. */
  abstract changing<Result>(work: () => Promise<Result>): Promise<Result>;
  /** A configuration came into force, or was refused to the API. */
  abstract updated(key: ConfigurationKey, success: boolean): void;
  abstract deleted(key: ConfigurationKey, success: boolean): void;
  /** From the change's turn in the queue to the swap, durable commit included, in milliseconds. */
  abstract applied(durationMs: number): void;
  abstract counted(counts: Readonly<Record<ConfigType, number>>): void;
  abstract rolledBack(trigger: 'manual' | 'auto'): void;
  abstract rejected(source: SourceName): void;
  abstract sourceIsUp(source: SourceName, isUp: boolean): void;
  abstract drifts(drift: boolean): void;
}
