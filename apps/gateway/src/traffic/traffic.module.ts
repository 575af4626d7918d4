import { Module } from '@nestjs/common';
import { ObservabilityModule } from '@tigateway/observability';
import { AccessLog } from './access-log.js';
import { FailureLog } from './failure-log.js';

/** What the observer of the traffic tells. */
@Module({
  imports: [ObservabilityModule],
  providers: [AccessLog, FailureLog],
  exports: [ObservabilityModule, AccessLog, FailureLog],
})
export class TrafficModule {}
