import { Injectable } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';

const DELIVERIES = 'tigateway_notification_deliveries_total';
const RETRIES = 'tigateway_notification_retries_total';
const DEAD = 'tigateway_notification_dead_total';
const LOST = 'tigateway_notification_lost_total';
const QUEUE = 'tigateway_notification_queue_length';
const OLDEST = 'tigateway_notification_oldest_seconds';
const DURATION = 'tigateway_notification_delivery_duration_seconds';

/** What the channels do, in numbers; every series has the label `channel`. */
@Injectable()
export class NotificationMetrics {
  /** Attempts, by how they ended. */
  @InjectMetric(DELIVERIES) readonly deliveries!: Counter<'channel' | 'success'>;
  @InjectMetric(RETRIES) readonly retries!: Counter<'channel'>;
  @InjectMetric(DEAD) readonly dead!: Counter<'channel'>;
  @InjectMetric(LOST) readonly lost!: Counter<'channel'>;
  @InjectMetric(QUEUE) readonly queue!: Gauge<'channel'>;
  @InjectMetric(OLDEST) readonly oldest!: Gauge<'channel'>;
  @InjectMetric(DURATION) readonly duration!: Histogram<'channel'>;

  /** @param measure sets the gauges; called at every scrape */
  measureAtScrape(measure: () => void): void {
    // prom-client calls it before it reads the gauge; its types leave it out.
    (this.queue as unknown as { collect: () => void }).collect = measure;
  }

  forget(channel: string): void {
    this.queue.remove(channel);
    this.oldest.remove(channel);
  }
}

const labelNames = ['channel'] as const;

export const NOTIFICATION_METRIC_PROVIDERS = [
  makeCounterProvider({
    name: DELIVERIES,
    help: 'Attempts to deliver a message, by how they ended',
    labelNames: ['channel', 'success'],
  }),
  makeCounterProvider({ name: RETRIES, help: 'Attempts beyond the first one of a message', labelNames }),
  makeCounterProvider({ name: DEAD, help: 'Messages given up', labelNames }),
  makeCounterProvider({
    name: LOST,
    help: 'Events that the store no longer kept when the channel came to them',
    labelNames,
  }),
  makeGaugeProvider({ name: QUEUE, help: 'Events that the channel has not settled yet', labelNames }),
  makeGaugeProvider({ name: OLDEST, help: 'Age of the oldest event that waits', labelNames }),
  makeHistogramProvider({
    name: DURATION,
    help: 'Duration of the attempts',
    labelNames,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  }),
];
