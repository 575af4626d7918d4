import { forEachSliced } from '@tigateway/model';
import { type Metric, register } from 'prom-client';
import { escapeLabel, type SeriesValue } from './request-series.js';
import type { SlicedMetric } from './sliced-metric.js';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface AskedMetric<T> {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** What one of the things that are known has to show. */
  readonly samples: (known: T) => readonly Sample[];
}

/**
 * Registers a metric that counts nothing: a scrape asks for what is known. Takes the place of an earlier one of that name.
 * @param source asked at every scrape
 */
export function registerAsked<T>({ name, type, help, samples }: AskedMetric<T>, source: () => readonly T[]): void {
  register.removeSingleMetric(name);
  const metric: SlicedMetric & Record<string, unknown> = {
    name,
    help,
    type,
    aggregator: 'sum',
    get: async () => {
      const values: Omit<SeriesValue, 'metricName'>[] = [];
      await forEachSliced(source(), (known) => {
        for (const { labels, value } of samples(known)) values.push({ labels: { ...labels }, value });
      });
      return { ...metric, values };
    },
    reset: () => undefined,
    slicedText: async () => {
      let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
      await forEachSliced(source(), (known) => {
        for (const { labels, value } of samples(known)) text += `${name}{${labelsText(labels)}} ${value}\n`;
      });
      return `${text}\n`;
    },
  };
  // As RequestMetrics: the registry asks for no more than this.
  register.registerMetric(metric as unknown as Metric);
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
    .join(',');
}
