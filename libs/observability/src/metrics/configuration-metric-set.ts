import { Injectable } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';

const UPDATES = 'tigateway_configuration_updates_total';
const DELETES = 'tigateway_configuration_deletes_total';
const DURATION = 'tigateway_configuration_update_duration_seconds';
const COUNT = 'tigateway_configuration_count';
const ROLLBACKS = 'tigateway_configuration_rollbacks_total';
const REJECTED = 'tigateway_configuration_rejected_total';
const SOURCE_UP = 'tigateway_configuration_source_up';
const DRIFT = 'tigateway_configuration_drift';

const CHANGE_LABELS = ['configType', 'configId', 'success'] as const;

/** The registered metrics of the pipeline, by what they count. */
@Injectable()
export class ConfigurationMetricSet {
  @InjectMetric(UPDATES) readonly updates!: Counter<(typeof CHANGE_LABELS)[number]>;
  @InjectMetric(DELETES) readonly deletes!: Counter<(typeof CHANGE_LABELS)[number]>;
  @InjectMetric(DURATION) readonly duration!: Histogram;
  @InjectMetric(COUNT) readonly count!: Gauge<'configType'>;
  @InjectMetric(ROLLBACKS) readonly rollbacks!: Counter<'trigger'>;
  @InjectMetric(REJECTED) readonly rejected!: Counter<'source'>;
  @InjectMetric(SOURCE_UP) readonly sourceUp!: Gauge<'source'>;
  @InjectMetric(DRIFT) readonly drift!: Gauge;
}

export const CONFIGURATION_METRIC_PROVIDERS = [
  makeCounterProvider({ name: UPDATES, help: 'Configuration updates', labelNames: CHANGE_LABELS }),
  makeCounterProvider({ name: DELETES, help: 'Configuration deletions', labelNames: CHANGE_LABELS }),
  makeHistogramProvider({
    name: DURATION,
    help: 'Time from the start on a change to the swap, the durable commit included',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  }),
  makeGaugeProvider({ name: COUNT, help: 'Configurations in force', labelNames: ['configType'] }),
  makeCounterProvider({ name: ROLLBACKS, help: 'Rollbacks', labelNames: ['trigger'] }),
  makeCounterProvider({ name: REJECTED, help: 'Documents refused', labelNames: ['source'] }),
  makeGaugeProvider({ name: SOURCE_UP, help: '1 while the source can be read', labelNames: ['source'] }),
  makeGaugeProvider({ name: DRIFT, help: '1 while something is held in force against its source' }),
];
