import { Injectable } from '@nestjs/common';
import { CircuitBreakerMetrics } from '@tigateway/observability';
import { BreakerBoard } from '@tigateway/proxy';

/** Shows the metrics what the breakers know. */
@Injectable()
export class BreakerMetricsFeed {
  constructor(metrics: CircuitBreakerMetrics, breakers: BreakerBoard) {
    metrics.follow(() => breakers.all);
  }
}
