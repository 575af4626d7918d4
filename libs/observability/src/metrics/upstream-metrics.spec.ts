import { register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { isSlicedMetric } from './sliced-metric.js';
import { UpstreamMetrics } from './upstream-metrics.js';

describe('UpstreamMetrics', () => {
  it.each([
    ['tigateway_upstream_up', 0],
    ['tigateway_upstream_active_requests', 1],
    ['tigateway_upstream_requests_total', 5],
    ['tigateway_upstream_failures_total', 3],
    ['tigateway_upstream_ejections_total', 2],
  ])('%s says %i', async (name, value) => {
    new UpstreamMetrics().follow(() => [
      { service: 's"', instance: 'a:1', isUp: false, active: 1, requests: 5, failures: 3, ejections: 2 },
    ]);
    const metric = register.getSingleMetric(name);
    if (metric === undefined || !isSlicedMetric(metric)) throw new Error('not registered');
    expect(await metric.slicedText()).toContain(`\n${name}{service="s\\"",instance="a:1"} ${value}\n`);
    expect((await metric.get()).values).toMatchObject([{ labels: { service: 's"', instance: 'a:1' }, value }]);
  });
});
