import type { RequestMetrics } from '@tigateway/observability';
import type { CompiledRoute, RequestCounter, RouteManager, RouteTraffic, SampledRequest } from '@tigateway/routing';
import type { WorkerCounts } from './worker-messages.js';

/** Samples that are told of at a time. */
const MAX_SAMPLES = 100;
/** In characters; as the meter, which keeps no longer ones. */
const MAX_PATH = 1_024;

interface Count {
  readonly routeId: string;
  requests: number;
  failures: number;
}

/** Counts the requests of a worker until the control process takes the counts over. */
export class RequestCounts implements RequestCounter {
  private counts = new Map<RouteTraffic, Count>();
  private samples: SampledRequest[] = [];
  private next = 0;

  constructor(
    private readonly routes: RouteManager,
    private readonly metrics: RequestMetrics,
  ) {}

  count({ id, traffic }: CompiledRoute, failed: boolean): void {
    let count = this.counts.get(traffic);
    if (count === undefined) this.counts.set(traffic, (count = { routeId: id, requests: 0, failures: 0 }));
    count.requests++;
    if (failed) count.failures++;
  }

  keep(method: string, host: string, path: string, routeId: string | undefined): void {
    if (path.length > MAX_PATH || host.length > MAX_PATH) return;
    this.samples[this.next] = { method, host, path, routeId: routeId ?? null };
    this.next = (this.next + 1) % MAX_SAMPLES;
  }

  /** To be asked before each swap: which routes have been replaced is seen by the snapshot that serves. */
  take(sequence: number): WorkerCounts {
    const routes: Count[] = [];
    const outgoing = { requests: 0, failures: 0 };
    for (const [traffic, count] of this.counts) {
      if (this.routes.route(count.routeId)?.traffic === traffic) routes.push(count);
      else {
        outgoing.requests += count.requests;
        outgoing.failures += count.failures;
      }
    }
    const samples = [...this.samples.slice(this.next), ...this.samples.slice(0, this.next)];
    this.counts = new Map();
    this.samples = [];
    this.next = 0;
    return { sequence, requests: this.metrics.take(), routes, outgoing, samples };
  }
}
