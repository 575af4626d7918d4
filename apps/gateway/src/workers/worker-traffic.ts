import type { RequestMetrics } from '@tigateway/observability';
import type { RouteManager, TrafficMeter } from '@tigateway/routing';
import { followRoutes } from '../traffic/traffic-observer.js';
import type { WorkerCounts } from './worker-messages.js';

/** Counts here what workers have counted: metrics and the judge of changes read it as if it had happened in this process. */
export class WorkerTraffic {
  /** The change that serves in this process. */
  private sequence = 0;
  private nextSequence = 0;
  /** Of a change that serves in a worker already, and here in a moment. */
  private early: WorkerCounts[] = [];

  constructor(
    private readonly routes: RouteManager,
    private readonly meter: TrafficMeter,
    private readonly metrics: RequestMetrics,
  ) {
    followRoutes(metrics, routes);
    routes.onSwap(() => {
      this.sequence = this.nextSequence;
      for (const counts of this.early.splice(0)) this.meet(counts);
    });
  }

  /** What is swapped in next is this change. */
  expect(sequence: number): void {
    this.nextSequence = sequence;
  }

  add(counts: WorkerCounts): void {
    this.metrics.add(counts.requests);
    for (const { method, host, path, routeId } of counts.samples) {
      this.meter.keep(method, host, path, routeId ?? undefined);
    }
    if (counts.sequence > this.sequence) this.early.push(counts);
    else this.meet(counts);
  }

  private meet({ sequence, routes, outgoing }: WorkerCounts): void {
    for (const { routeId, requests, failures } of routes) {
      // What ended on an earlier configuration says nothing of the route that is there now.
      const traffic = sequence === this.sequence ? this.routes.route(routeId)?.traffic : undefined;
      this.meter.add(traffic, requests, failures);
    }
    if (outgoing.requests > 0) this.meter.add(undefined, outgoing.requests, outgoing.failures);
  }
}
