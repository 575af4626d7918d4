import { Choice, DurationMs, Flag, Text } from '@tigateway/model';

export class WriteQuery {
  /** Validate, plan and answer; change nothing. */
  @Flag({ key: 'dryRun' }) dryRun = false;
  /** `applied`: answer once every live replica serves it. */
  @Choice(['applied'], { optional: true }) wait?: 'applied';
  /** How long at most. */
  @DurationMs({ key: 'timeout' }) timeoutMs = 10_000;
}

export class GlobalWriteQuery extends WriteQuery {
  @Text({ key: 'configId' }) configId!: string;
}
