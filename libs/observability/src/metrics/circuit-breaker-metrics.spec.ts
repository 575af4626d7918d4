import { register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { CircuitBreakerMetrics } from './circuit-breaker-metrics.js';
import { isSlicedMetric } from './sliced-metric.js';

const facts = { routeId: 'r', name: 'a"b', state: 'OPEN', succeeded: 1, failed: 2, refused: 3 } as const;

describe('CircuitBreakerMetrics', () => {
  it.each([
    ['resilience4j_circuitbreaker_state', 'state', { closed: 0, open: 1, half_open: 0 }],
    ['resilience4j_circuitbreaker_calls_total', 'kind', { successful: 1, failed: 2, not_permitted: 3 }],
  ])('%s is written by %s', async (name, label, expected) => {
    new CircuitBreakerMetrics().follow(() => [facts]);
    const metric = register.getSingleMetric(name);
    if (metric === undefined || !isSlicedMetric(metric)) throw new Error('not registered');
    const text = await metric.slicedText();
    for (const [is, value] of Object.entries(expected)) {
      expect(text).toContain(`\n${name}{name="a\\"b",routeId="r",${label}="${is}"} ${value}\n`);
    }
    const { values } = await metric.get();
    expect(values.map(({ labels, value }) => [labels[label], value])).toEqual(Object.entries(expected));
  });

  it('is empty where nobody is followed', async () => {
    new CircuitBreakerMetrics();
    expect((await register.getSingleMetric('resilience4j_circuitbreaker_state')?.get())?.values).toEqual([]);
  });
});
