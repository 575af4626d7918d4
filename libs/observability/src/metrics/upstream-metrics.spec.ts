import { register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { isSlicedMetric } from './sliced-metric.js';
import { UpstreamMetrics } from './upstream-metrics.js';

describe('UpstreamMetrics', () => {
  it('shows the pools of one target as one', async () => {
    const pool = { name: 'p', target: 'http://a:1', active: 1, idle: 2, waiting: 3 };
    new UpstreamMetrics().followPools(() => [pool, { ...pool, active: 4 }]);
    const text = async (name: string): Promise<string> => {
      const metric = register.getSingleMetric(name);
      if (metric === undefined || !isSlicedMetric(metric)) throw new Error('not registered');
      return metric.slicedText();
    };
    const connections = await text('tigateway_upstream_connections');
    expect(connections).toContain('{pool="p",target="http://a:1",state="active"} 5\n');
    expect(connections).toContain('{pool="p",target="http://a:1",state="idle"} 4\n');
    expect(await text('tigateway_upstream_pending_requests')).toContain('{pool="p",target="http://a:1"} 6\n');
  });

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
