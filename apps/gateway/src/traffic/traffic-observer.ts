import { Inject, Injectable } from '@nestjs/common';
import { forEachSliced } from '@tigateway/model';
import { RequestMetrics } from '@tigateway/observability';
import { type Refusal, type RequestFacts, RequestObserver } from '@tigateway/proxy';
import { type RequestCounter, RouteManager, TrafficMeter } from '@tigateway/routing';
import { AccessLog } from './access-log.js';
import { FailureLog } from './failure-log.js';

/** The label of requests that no route matched. */
const UNMATCHED = 'unmatched';

/** Tells metrics and access log of every request, by the settings of the running snapshot. */
@Injectable()
export class TrafficObserver extends RequestObserver {
  constructor(
    private readonly routes: RouteManager,
    private readonly metrics: RequestMetrics,
    private readonly accessLog: AccessLog,
    private readonly failureLog: FailureLog,
    @Inject(TrafficMeter) private readonly counter: RequestCounter,
  ) {
    super();
    followRoutes(metrics, routes);
  }

  completed(facts: RequestFacts): void {
    this.metrics.record(facts.routeId ?? UNMATCHED, facts.method, facts.status, facts.durationMs);
    // Who left before the answer came says nothing about the route.
    if (facts.route && facts.status > 0) this.counter.count(facts.route, facts.failed || facts.status >= 500);
    this.counter.keep(facts.method, facts.host, facts.path, facts.routeId);
    if (facts.failure !== undefined) this.failureLog.failed(facts);
    const { accessLog } = this.routes.current.globals;
    if (accessLog.enabled) this.accessLog.write(facts, accessLog);
  }

  override refused(refusal: Refusal): void {
    this.failureLog.refused(refusal);
  }
}

/** Keeps the metrics of requests in step with what is configured. */
export function followRoutes(metrics: RequestMetrics, routes: RouteManager): void {
  routes.onSwap((previous, next, changedRouteIds) => {
    if (next.globals.metrics !== previous.globals.metrics) metrics.configure(next.globals.metrics);
    // By what runs then: the next change may be in force before the last slice.
    void forEachSliced(changedRouteIds, (id) => {
      if (metrics.knows(id) && !routes.current.routes.has(id)) metrics.forget(id);
    });
  });
}
