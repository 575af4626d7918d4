import { Module } from '@nestjs/common';
import { ConfigurationObserver } from '@tigateway/configuration';
import { ObservabilityModule } from '@tigateway/observability';
import { MeasuredConfiguration } from './measured-configuration.js';

/** Who measures the pipeline. */
@Module({
  imports: [ObservabilityModule],
  providers: [{ provide: ConfigurationObserver, useClass: MeasuredConfiguration }],
  exports: [ConfigurationObserver],
})
export class ChangeModule {}
