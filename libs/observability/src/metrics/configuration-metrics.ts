import { Inject, Injectable } from '@nestjs/common';
import type { ConfigType, SourceName } from '@tigateway/model';
import { ConfigurationMetricSet } from './configuration-metric-set.js';

/** A label value for every id would let whoever makes configurations fill the memory of whoever scrapes them. */
const MAX_IDS = 1_000;

/** What the pipeline does, in numbers. Names and labels: docs/admin-api.md. */
@Injectable()
export class ConfigurationMetrics {
  private readonly ids = new Set<string>();

  constructor(@Inject(ConfigurationMetricSet) private readonly metrics: ConfigurationMetricSet) {}

  recordConfigurationUpdate(configType: ConfigType, configId: string, success: boolean): void {
    this.metrics.updates.inc({ configType, configId: this.idLabel(configId), success: String(success) });
  }

  recordConfigurationDelete(configType: ConfigType, configId: string, success: boolean): void {
    this.metrics.deletes.inc({ configType, configId: this.idLabel(configId), success: String(success) });
  }

  /** From the pipeline's start on a change to the swap, durable commit included. */
  recordConfigurationUpdateLatency(durationMs: number): void {
    this.metrics.duration.observe(durationMs / 1_000);
  }

  updateConfigurationCount(configType: ConfigType, count: number): void {
    this.metrics.count.set({ configType }, count);
  }

  recordRollback(trigger: 'manual' | 'auto'): void {
    this.metrics.rollbacks.inc({ trigger });
  }

  /** A document of that source was refused. */
  recordRejected(source: SourceName): void {
    this.metrics.rejected.inc({ source });
  }

  setSourceUp(source: SourceName, up: boolean): void {
    this.metrics.sourceUp.set({ source }, up ? 1 : 0);
  }

  /** The desired state differs from the running one because something is held. */
  setDrift(drift: boolean): void {
    this.metrics.drift.set(drift ? 1 : 0);
  }

  private idLabel(configId: string): string {
    if (this.ids.has(configId)) return configId;
    if (this.ids.size >= MAX_IDS) return 'other';
    this.ids.add(configId);
    return configId;
  }
}
