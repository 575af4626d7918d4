import { Injectable } from '@nestjs/common';
import { RequestMetrics } from '@tigateway/observability';
import { type Refusal, type RequestFacts, RequestObserver } from '@tigateway/proxy';
import { RouteManager, TrafficMeter } from '@tigateway/routing';
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
    private readonly meter: TrafficMeter,
  ) {
    super();
    routes.onSwap((previous, next, changedRouteIds) => {
      if (next.globals.metrics !== previous.globals.metrics) metrics.configure(next.globals.metrics);
      for (const id of changedRouteIds) if (!next.routes.has(id)) metrics.forget(id);
    });
  }

  completed(facts: RequestFacts): void {
    this.metrics.record(facts.routeId ?? UNMATCHED, facts.method, facts.status, facts.durationMs);
    // Who left before the answer came says nothing about the route.
    if (facts.route && facts.status > 0) this.meter.count(facts.route, facts.failed || facts.status >= 500);
    this.meter.keep(facts.method, facts.host, facts.path, facts.routeId);
    if (facts.failure !== undefined) this.failureLog.failed(facts);
    const { accessLog } = this.routes.current.globals;
    if (accessLog.enabled) this.accessLog.write(facts, accessLog);
  }

  override refused(refusal: Refusal): void {
    this.failureLog.refused(refusal);
  }
}
