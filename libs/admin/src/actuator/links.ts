/** Where the actuator's endpoints are: Spring's name of each, its path, and whether the path holds a variable. */
export const ACTUATOR_LINKS: Readonly<Record<string, string>> = {
  self: '/actuator',
  health: '/actuator/health',
  'health-path': '/actuator/health/{component}',
  info: '/actuator/info',
  prometheus: '/actuator/prometheus',
  metrics: '/actuator/metrics',
  'metrics-requiredMetricName': '/actuator/metrics/{name}',
  'configuration-status': '/actuator/configuration/status',
  'configuration-validate': '/actuator/configuration/validate',
  gateway: '/actuator/gateway',
  circuitbreakers: '/actuator/circuitbreakers',
  workers: '/actuator/workers',
  openapi: '/actuator/openapi',
};
