import { Injectable } from '@nestjs/common';
import { forEachSliced, statusName, TimeSlice } from '@tigateway/model';
import { type Metric, register } from 'prom-client';
import type { SlicedMetric } from './sliced-metric.js';

const REQUESTS = 'spring_cloud_gateway_requests_seconds';
const HELP = 'Duration of the requests that the data plane answered, from the head read to the last byte written';
/** Upper bounds in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
/** Anyone may send any method name; a label value of their choosing would be a series of their choosing. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']);

/** The requests of one route, method and status. */
interface Series {
  readonly labels: Readonly<Record<'routeId' | 'outcome' | 'status' | 'httpMethod', string>>;
  /** Requests per bucket, not yet summed up; the last one is beyond every bound. */
  readonly counts: number[];
  sumSeconds: number;
}

interface SeriesValue {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/**
 * The data plane's histogram. prom-client's own hashes the label values at every observation; here a request finds its series
 * by its route, method and status in three map look-ups and adds to two numbers, and everything else is left to the scrape.
 */
@Injectable()
export class RequestMetrics {
  private readonly routes = new Map<string, Map<string, Map<number, Series>>>();

  constructor() {
    register.removeSingleMetric(REQUESTS);
    // The registry asks a metric for its name and `get()` alone; the declared type wants prom-client's own classes.
    register.registerMetric(this.metric as unknown as Metric);
  }

  /** @param status 0 where the client left before there was one */
  record(routeId: string, method: string, status: number, durationMs: number): void {
    const series =
      this.routes
        .get(routeId)
        ?.get(METHODS.has(method) ? method : 'OTHER')
        ?.get(status) ?? this.addSeries(routeId, METHODS.has(method) ? method : 'OTHER', status);
    const seconds = durationMs / 1_000;
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket++;
    (series.counts[bucket] as number)++;
    series.sumSeconds += seconds;
  }

  /** Ends the series of a route that no longer exists, so that they do not pile up over the life of the process. */
  forget(routeId: string): void {
    this.routes.delete(routeId);
  }

  private addSeries(routeId: string, method: string, status: number): Series {
    const methods = this.routes.get(routeId) ?? new Map<string, Map<number, Series>>();
    const statuses = methods.get(method) ?? new Map<number, Series>();
    const series: Series = {
      labels: {
        routeId,
        outcome: outcomeOf(status),
        status: status === 0 ? 'CLIENT_CLOSED' : statusName(status),
        httpMethod: method,
      },
      counts: Array.from({ length: BUCKETS.length + 1 }, () => 0),
      sumSeconds: 0,
    };
    this.routes.set(routeId, methods.set(method, statuses.set(status, series)));
    return series;
  }

  /** Prometheus text. prom-client would make it in one go, which at 10,000 busy routes holds traffic for half a second. */
  async text(): Promise<string> {
    const slice = new TimeSlice();
    let text = `# HELP ${REQUESTS} ${HELP}\n# TYPE ${REQUESTS} histogram\n`;
    for (const series of this.allSeries()) {
      text += seriesText(series);
      if (slice.isUsedUp) await slice.breathe();
    }
    return text;
  }

  private readonly metric = {
    name: REQUESTS,
    help: HELP,
    type: 'histogram',
    aggregator: 'sum',
    labelNames: ['routeId', 'outcome', 'status', 'httpMethod'],
    get: async () => ({
      name: REQUESTS,
      help: HELP,
      type: 'histogram',
      aggregator: 'sum',
      values: await this.values(),
    }),
    reset: () => this.routes.clear(),
    slicedText: () => this.text(),
  } satisfies SlicedMetric & Record<string, unknown>;

  private async values(): Promise<SeriesValue[]> {
    const values: SeriesValue[] = [];
    await forEachSliced(this.allSeries(), (series) => appendValues(series, values));
    return values;
  }

  /** A snapshot of the list: what is recorded while a slice rests must not lengthen the walk for ever. */
  private allSeries(): Series[] {
    return [...this.routes.values()].flatMap((methods) =>
      [...methods.values()].flatMap((statuses) => [...statuses.values()]),
    );
  }
}

function appendValues({ labels, counts, sumSeconds }: Series, values: SeriesValue[]): void {
  let count = 0;
  for (const [index, requests] of counts.entries()) {
    count += requests;
    values.push({
      metricName: `${REQUESTS}_bucket`,
      labels: { le: BUCKETS[index] ?? '+Inf', ...labels },
      value: count,
    });
  }
  values.push({ metricName: `${REQUESTS}_sum`, labels, value: sumSeconds });
  values.push({ metricName: `${REQUESTS}_count`, labels, value: count });
}

function seriesText({ labels, counts, sumSeconds }: Series): string {
  const shown = Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
  let count = 0;
  let text = '';
  for (const [index, requests] of counts.entries()) {
    count += requests;
    text += `${REQUESTS}_bucket{le="${BUCKETS[index] ?? '+Inf'}",${shown}} ${count}\n`;
  }
  return `${text}${REQUESTS}_sum{${shown}} ${sumSeconds}\n${REQUESTS}_count{${shown}} ${count}\n`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** By the status's first digit: Spring's names of the series. */
const OUTCOMES = ['UNKNOWN', 'INFORMATIONAL', 'SUCCESSFUL', 'REDIRECTION', 'CLIENT_ERROR', 'SERVER_ERROR'] as const;

function outcomeOf(status: number): string {
  return OUTCOMES[Math.floor(status / 100)] ?? 'UNKNOWN';
}
