import { Injectable } from '@nestjs/common';
import { ConfigurationObserver } from '@tigateway/configuration';
import { CONFIG_TYPES, type ConfigType, type ConfigurationKey, type SourceName } from '@tigateway/model';
import { ConfigurationMetrics } from '@tigateway/observability';
import { optimizingLater } from '../lifecycle/late-optimization.js';

/** Puts what the pipeline tells into the metrics, and keeps V8 from spending the time of a change on optimizing it. */
@Injectable()
export class MeasuredConfiguration extends ConfigurationObserver {
  constructor(private readonly metrics: ConfigurationMetrics) {
    super();
  }

  override changing<Result>(work: () => Promise<Result>): Promise<Result> {
    return optimizingLater(work);
  }

  override updated({ configType, configId }: ConfigurationKey, success: boolean): void {
    this.metrics.recordConfigurationUpdate(configType, configId, success);
  }

  override deleted({ configType, configId }: ConfigurationKey, success: boolean): void {
    this.metrics.recordConfigurationDelete(configType, configId, success);
  }

  override applied(durationMs: number): void {
    this.metrics.recordConfigurationUpdateLatency(durationMs);
  }

  override counted(counts: Readonly<Record<ConfigType, number>>): void {
    for (const type of CONFIG_TYPES) this.metrics.updateConfigurationCount(type, counts[type]);
  }

  override rolledBack(trigger: 'manual' | 'auto'): void {
    this.metrics.recordRollback(trigger);
  }

  override rejected(source: SourceName): void {
    this.metrics.recordRejected(source);
  }

  override sourceIsUp(source: SourceName, isUp: boolean): void {
    this.metrics.setSourceUp(source, isUp);
  }

  override drifts(drift: boolean): void {
    this.metrics.setDrift(drift);
  }
}
