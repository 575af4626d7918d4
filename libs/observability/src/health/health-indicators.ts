import { Injectable } from '@nestjs/common';
import { healthReport, type HealthGroup, type HealthIndicator, type HealthReport } from './health.js';

/** Every component that reports its health; what `/actuator/health` and its groups answer from. */
@Injectable()
export class HealthIndicators {
  private readonly indicators: HealthIndicator[] = [];

  register(indicator: HealthIndicator): void {
    this.indicators.push(indicator);
  }

  /** @param group only the components that count for it; absent: all */
  report(group?: HealthGroup): HealthReport {
    return healthReport(group ? this.indicators.filter(({ groups }) => groups.includes(group)) : this.indicators);
  }
}
