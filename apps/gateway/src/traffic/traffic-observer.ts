import { Injectable } from '@nestjs/common';
import { RequestMetrics } from '@tigateway/observability';
import { type RequestFacts, RequestObserver } from '@tigateway/proxy';
import { RouteManager } from '@tigateway/routing';
import { AccessLog } from './access-log.js';

/** The label of requests that no route matched. */
const UNMATCHED = 'unmatched';

/** Tells metrics and access log of every request, by the settings of the running snapshot. */
@Injectable()
export class TrafficObserver extends RequestObserver {
  constructor(
    private readonly routes: RouteManager,
    private readonly metrics: RequestMetrics,
    private readonly accessLog: AccessLog,
  ) {
    super();
    routes.onSwap((previous, next, changedRouteIds) => {
      if (next.globals.metrics !== previous.globals.metrics) metrics.configure(next.globals.metrics);
      for (const id of changedRouteIds) if (!next.routes.has(id)) metrics.forget(id);
    });
  }

  completed(facts: RequestFacts): void {
    this.metrics.record(facts.routeId ?? UNMATCHED, facts.method, facts.status, facts.durationMs);
    const { accessLog } = this.routes.current.globals;
    if (accessLog.enabled) this.accessLog.write(facts, accessLog);
  }
}
