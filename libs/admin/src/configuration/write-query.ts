import { Flag, Text } from '@tigateway/model';

export class WriteQuery {
  /** Validate, plan and answer; change nothing. */
  @Flag({ key: 'dryRun' }) dryRun = false;
}

export class GlobalWriteQuery extends WriteQuery {
  @Text({ key: 'configId' }) configId!: string;
}
