export * from './health/availability.js';
export * from './health/health.js';
export * from './health/health-indicators.js';
export * from './info/app-info.js';
export * from './metrics/circuit-breaker-metrics.js';
export * from './metrics/configuration-metrics.js';
export * from './metrics/request-metrics.js';
export * from './observability.module.js';
