import { Injectable } from '@nestjs/common';
import { CircuitBreakerMetrics } from '@tigateway/observability';
import { CircuitBreakers } from '@tigateway/proxy';

/** Shows the metrics what the breakers know. */
@Injectable()
export class BreakerMetricsFeed {
  constructor(metrics: CircuitBreakerMetrics, breakers: CircuitBreakers) {
    metrics.follow(() =>
      breakers.known.map(({ routeId, name, breaker }) => ({
        routeId,
        name,
        state: breaker.state,
        succeeded: breaker.successes,
        failed: breaker.failures,
        refused: breaker.refused,
      })),
    );
  }
}
