import { Module } from '@nestjs/common';
import { ObservabilityModule } from '@tigateway/observability';
import { AccessLog } from './access-log.js';

/** What the observer of the traffic tells. */
@Module({ imports: [ObservabilityModule], providers: [AccessLog], exports: [ObservabilityModule, AccessLog] })
export class TrafficModule {}
