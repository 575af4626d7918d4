import { Injectable } from '@nestjs/common';
import { forEachSliced } from '@tigateway/model';
import { type Metric, register } from 'prom-client';
import { type Labels, type RecordedRequests, RequestSeries, type SeriesValue } from './request-series.js';
import type { SlicedMetric } from './sliced-metric.js';

const HELP = 'Duration of the requests that the data plane answered, from the head read to the last byte written';
/** Anyone may send any method name; a label value of their choosing would be a series of their choosing. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']);

/** The global configuration `metrics`, as far as this metric obeys it. */
export interface RequestMetricsSettings {
  /** False: requests are not counted. */
  readonly enabled: boolean;
  /** First part of the metric's name, dotted as Spring writes it. */
  readonly prefix: string;
  /** Labels of every series. */
  readonly tags: Labels;
}

/**
 * The data plane's histogram. prom-client's own hashes the label values at every observation; here a request finds its series
 * by its route, method and status in three map look-ups and adds to two numbers, and everything else is left to the scrape.
 */
@Injectable()
export class RequestMetrics {
  private readonly routes = new Map<string, Map<string, Map<number, RequestSeries>>>();
  private registered: (SlicedMetric & { readonly name: string }) | undefined;
  private enabled = true;

  constructor() {
    this.configure({ enabled: true, prefix: 'spring.cloud.gateway', tags: {} });
  }

  /** Takes effect at the next request and the next scrape; what was counted stays. */
  configure({ enabled, prefix, tags }: RequestMetricsSettings): void {
    const name = `${prometheusName(prefix)}_requests_seconds`;
    const common = Object.fromEntries(Object.entries(tags).map(([tag, value]) => [prometheusName(tag), value]));
    if (this.registered) register.removeSingleMetric(this.registered.name);
    register.removeSingleMetric(name);
    const metric = {
      name,
      help: HELP,
      type: 'histogram',
      aggregator: 'sum',
      get: async () => ({ ...metric, values: await this.values(name, common) }),
      reset: () => this.routes.clear(),
      slicedText: () => this.text(name, common),
    };
    // The registry asks a metric for its name, its text and `get()` alone; the declared type wants prom-client's own classes.
    register.registerMetric(metric as unknown as Metric);
    this.registered = metric;
    this.enabled = enabled;
  }

  /** @param status 0 where the client left before there was one */
  record(routeId: string, method: string, status: number, durationMs: number): void {
    if (!this.enabled) return;
    const knownMethod = METHODS.has(method) ? method : 'OTHER';
    this.seriesOf(routeId, knownMethod, status).observe(durationMs / 1_000);
  }

  /** Hands over what has been recorded since it was last taken: for a process that another one counts for. */
  take(): RecordedRequests[] {
    const taken = this.allSeries().map((series) => series.recorded);
    this.routes.clear();
    return taken;
  }

  /** Counts what another process has recorded. */
  add(records: readonly RecordedRequests[]): void {
    for (const each of records) this.seriesOf(each.routeId, each.method, each.status).add(each);
  }

  /** Whether the route has series. */
  knows(routeId: string): boolean {
    return this.routes.has(routeId);
  }

  /** Ends the series of a route that no longer exists, so that they do not pile up over the life of the process. */
  forget(routeId: string): void {
    this.routes.delete(routeId);
  }

  private seriesOf(routeId: string, method: string, status: number): RequestSeries {
    return this.routes.get(routeId)?.get(method)?.get(status) ?? this.addSeries(routeId, method, status);
  }

  private addSeries(routeId: string, method: string, status: number): RequestSeries {
    const methods = this.routes.get(routeId) ?? new Map<string, Map<number, RequestSeries>>();
    const statuses = methods.get(method) ?? new Map<number, RequestSeries>();
    const series = new RequestSeries(routeId, method, status);
    this.routes.set(routeId, methods.set(method, statuses.set(status, series)));
    return series;
  }

  /** Written here because prom-client would do it in one go, which at 10,000 busy routes holds traffic for half a second. */
  private async text(name: string, common: Labels): Promise<string> {
    let text = `# HELP ${name} ${HELP}\n# TYPE ${name} histogram\n`;
    await forEachSliced(this.allSeries(), (series) => (text += series.text(name, common)));
    return text;
  }

  private async values(name: string, common: Labels): Promise<SeriesValue[]> {
    const values: SeriesValue[] = [];
    await forEachSliced(this.allSeries(), (series) => values.push(...series.values(name, common)));
    return values;
  }

  /** A copy of the list: what is recorded while a slice rests must not lengthen the walk for ever. */
  private allSeries(): RequestSeries[] {
    return [...this.routes.values()].flatMap((methods) =>
      [...methods.values()].flatMap((statuses) => [...statuses.values()]),
    );
  }
}

/** Spring's dotted names as Prometheus allows them. */
function prometheusName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}
