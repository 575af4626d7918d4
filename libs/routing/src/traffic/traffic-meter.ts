import type { Clock } from '@tigateway/model';
import type { CompiledRoute } from '../table/compiled-route.js';
import { RequestSample, type SampledRequest } from './request-sample.js';
import { RouteTraffic, TRAFFIC_STEPS, type TrafficCount } from './route-traffic.js';

const DEFAULT_SPAN_MS = 300_000;

/** Who counts requests, each at its end. */
export interface RequestCounter {
  /** @param failed the upstream or the gateway is to blame, never the client */
  count(route: CompiledRoute, failed: boolean): void;
  /** Keeps what a request asked for, in the place of the oldest that is kept. @param routeId where it went; absent: nowhere */
  keep(method: string, host: string, path: string, routeId: string | undefined): void;
}

/** Where the requests of all routes are counted, each at its end, so that whoever changes routes can see what became of it. */
export class TrafficMeter implements RequestCounter {
  /** Of every route together. */
  readonly total = new RouteTraffic();
  /** Of those routes together by which no change is judged. */
  readonly steady = { requests: 0, failures: 0 };
  private readonly sample = new RequestSample();
  private stepMs = DEFAULT_SPAN_MS / TRAFFIC_STEPS;

  constructor(private readonly clock: Clock) {}

  /** Keeps a past of this length for every route. A new length begins it anew. In milliseconds. */
  remember(spanMs: number): void {
    this.stepMs = spanMs / TRAFFIC_STEPS;
  }

  count({ traffic }: CompiledRoute, failed: boolean): void {
    this.add(traffic, 1, failed ? 1 : 0);
  }

  /**
   * As `count`, for several that ended elsewhere.
   * @param traffic of their route; absent: it has been replaced meanwhile, and they belong to neither it nor those that go on
   */
  add(traffic: RouteTraffic | undefined, requests: number, failures: number): void {
    const { step, steady } = this;
    this.total.add(requests, failures, step);
    if (traffic === undefined) return;
    traffic.add(requests, failures, step);
    if (traffic.watchers > 0) return;
    steady.requests += requests;
    steady.failures += failures;
  }

  /** The requests of the last span. */
  recently(traffic: RouteTraffic): TrafficCount {
    return traffic.recently(this.step);
  }

  keep(method: string, host: string, path: string, routeId: string | undefined): void {
    this.sample.keep(method, host, path, routeId);
  }

  /** The last requests, the newest first. */
  get lastRequests(): SampledRequest[] {
    return this.sample.newestFirst;
  }

  private get step(): number {
    return Math.floor(this.clock.monotonicMs() / this.stepMs);
  }
}
