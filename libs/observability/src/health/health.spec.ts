import { describe, expect, it } from 'vitest';
import { Availability } from './availability.js';
import type { HealthStatus } from './health.js';
import { HealthIndicators } from './health-indicators.js';

describe('HealthIndicators', () => {
  it.each<[HealthStatus[], HealthStatus]>([
    [[], 'UP'],
    [['UP', 'UP'], 'UP'],
    [['UP', 'OUT_OF_SERVICE'], 'OUT_OF_SERVICE'],
    [['OUT_OF_SERVICE', 'DOWN', 'UP'], 'DOWN'],
  ])('of %j the whole is %s', (parts, whole) => {
    const indicators = new HealthIndicators();
    parts.forEach((status, index) =>
      indicators.register({ name: `part${index}`, groups: [], health: () => ({ status }) }),
    );
    expect(indicators.report().status).toBe(whole);
  });

  it('shows a component that throws as down, with the reason', () => {
    const indicators = new HealthIndicators();
    const health = () => {
      throw new Error('disk is gone');
    };
    indicators.register({ name: 'store', groups: ['readiness'], health });
    expect(indicators.report('readiness').components).toEqual({
      store: { status: 'DOWN', details: { error: 'disk is gone' } },
    });
  });

  it('asks only the components of the group', () => {
    const indicators = new HealthIndicators();
    indicators.register({ name: 'sources', groups: ['readiness'], health: () => ({ status: 'OUT_OF_SERVICE' }) });
    indicators.register({ name: 'process', groups: ['liveness'], health: () => ({ status: 'UP' }) });
    expect(indicators.report('liveness')).toEqual({ status: 'UP', components: { process: { status: 'UP' } } });
  });
});

describe('Availability', () => {
  it('is ready between the end of the start and the beginning of the stop, and alive throughout', () => {
    const indicators = new HealthIndicators();
    const availability = new Availability(indicators);
    expect(indicators.report('readiness').status).toBe('OUT_OF_SERVICE');

    availability.accept();
    expect(indicators.report('readiness').status).toBe('UP');

    availability.refuse();
    availability.accept();
    expect(indicators.report('readiness').status).toBe('OUT_OF_SERVICE');
    expect(indicators.report('liveness').status).toBe('UP');
  });
});
