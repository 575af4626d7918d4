import { Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';
import { FreshnessModule } from './freshness.js';
import { Availability } from './health/availability.js';
import { HealthIndicators } from './health/health-indicators.js';
import { CircuitBreakerMetrics } from './metrics/circuit-breaker-metrics.js';
import { CONFIGURATION_METRIC_PROVIDERS, ConfigurationMetricSet } from './metrics/configuration-metric-set.js';
import { ConfigurationMetrics } from './metrics/configuration-metrics.js';
import { ActuatorPrometheusController } from './metrics/prometheus.controller.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { UpstreamMetrics } from './metrics/upstream-metrics.js';

@Module({
  imports: [
    FreshnessModule,
    PrometheusModule.register({
      path: '/actuator/prometheus',
      controller: ActuatorPrometheusController,
      // The registry belongs to the process; a second application in it (a test) finds the process's metrics there already.
      defaultMetrics: { enabled: register.getSingleMetric('process_cpu_seconds_total') === undefined },
    }),
  ],
  providers: [
    ...CONFIGURATION_METRIC_PROVIDERS,
    ConfigurationMetricSet,
    ConfigurationMetrics,
    RequestMetrics,
    CircuitBreakerMetrics,
    UpstreamMetrics,
    HealthIndicators,
    Availability,
  ],
  exports: [
    ConfigurationMetrics,
    RequestMetrics,
    CircuitBreakerMetrics,
    UpstreamMetrics,
    HealthIndicators,
    Availability,
  ],
})
export class ObservabilityModule {}
