import type { JsonObject } from '@tigateway/model';

/** Worst first: a report has the status of its worst component. */
const BY_SEVERITY = ['DOWN', 'OUT_OF_SERVICE', 'UP'] as const;
export type HealthStatus = (typeof BY_SEVERITY)[number];

export interface ComponentHealth {
  readonly status: HealthStatus;
  readonly details?: JsonObject;
}

/** `liveness`: a restart would help; `readiness`: traffic should come. A component may count for both, or for neither. */
export type HealthGroup = 'liveness' | 'readiness';

/** One part of the gateway that can say how it is. Asked at each probe, so it must be cheap and never wait. */
export interface HealthIndicator {
  /** Key in `components`, camelCase as Spring Boot's. */
  readonly name: string;
  readonly groups: readonly HealthGroup[];
  health(): ComponentHealth;
}

export interface HealthReport {
  readonly status: HealthStatus;
  readonly components: Readonly<Record<string, ComponentHealth>>;
}

/** A report of these components; a component that throws is DOWN. */
export function healthReport(indicators: readonly HealthIndicator[]): HealthReport {
  const components = Object.fromEntries(indicators.map((indicator) => [indicator.name, healthOf(indicator)]));
  const statuses = Object.values(components).map(({ status }) => status);
  return { status: BY_SEVERITY.find((status) => statuses.includes(status)) ?? 'UP', components };
}

function healthOf(indicator: HealthIndicator): ComponentHealth {
  try {
    return indicator.health();
  } catch (error) {
    return { status: 'DOWN', details: { error: error instanceof Error ? error.message : String(error) } };
  }
}
