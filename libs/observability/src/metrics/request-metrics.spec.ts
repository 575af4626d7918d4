import { describe, expect, it } from 'vitest';
import { register } from 'prom-client';
import { RequestMetrics } from './request-metrics.js';
import { isSlicedMetric } from './sliced-metric.js';

const NAME = 'spring_cloud_gateway_requests_seconds';

async function slicedText(name = NAME): Promise<string> {
  const metric: object = register.getSingleMetric(name) ?? {};
  return isSlicedMetric(metric) ? metric.slicedText() : '';
}

async function lines(name = NAME): Promise<string[]> {
  return (await slicedText(name)).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('RequestMetrics', () => {
  it('adds what another process has recorded, once', async () => {
    const elsewhere = new RequestMetrics();
    elsewhere.record('users', 'GET', 200, 3);
    elsewhere.record('users', 'PROPFIND', 0, 700);
    const taken = structuredClone(elsewhere.take());
    expect(elsewhere.take()).toEqual([]);

    const metrics = new RequestMetrics();
    metrics.record('users', 'GET', 200, 700);
    metrics.add(taken);
    const labels = 'routeId="users",outcome="SUCCESSFUL",status="OK",httpMethod="GET"';
    expect(await lines()).toEqual(
      expect.arrayContaining([
        `${NAME}_bucket{le="0.005",${labels}} 1`,
        `${NAME}_count{${labels}} 2`,
        `${NAME}_sum{${labels}} 0.703`,
        `${NAME}_count{routeId="users",outcome="UNKNOWN",status="CLIENT_CLOSED",httpMethod="OTHER"} 1`,
      ]),
    );
  });

  it('counts a request into every bucket from its duration on', async () => {
    const metrics = new RequestMetrics();
    metrics.record('users', 'GET', 200, 3);
    metrics.record('users', 'GET', 200, 700);
    metrics.record('users', 'GET', 200, 60_000);

    const labels = 'routeId="users",outcome="SUCCESSFUL",status="OK",httpMethod="GET"';
    expect(await lines()).toEqual(
      expect.arrayContaining([
        `spring_cloud_gateway_requests_seconds_bucket{le="0.0025",${labels}} 0`,
        `spring_cloud_gateway_requests_seconds_bucket{le="0.005",${labels}} 1`,
        `spring_cloud_gateway_requests_seconds_bucket{le="1",${labels}} 2`,
        `spring_cloud_gateway_requests_seconds_bucket{le="30",${labels}} 2`,
        `spring_cloud_gateway_requests_seconds_bucket{le="+Inf",${labels}} 3`,
        `spring_cloud_gateway_requests_seconds_sum{${labels}} 60.703`,
        `spring_cloud_gateway_requests_seconds_count{${labels}} 3`,
      ]),
    );
  });

  it.each([
    [302, 'REDIRECTION', 'FOUND'],
    [404, 'CLIENT_ERROR', 'NOT_FOUND'],
    [502, 'SERVER_ERROR', 'BAD_GATEWAY'],
    [0, 'UNKNOWN', 'CLIENT_CLOSED'],
  ])('labels status %i with outcome %s and status %s', async (status, outcome, name) => {
    const metrics = new RequestMetrics();
    metrics.record('users', 'POST', status, 1);

    expect(await lines()).toContain(
      `spring_cloud_gateway_requests_seconds_count{routeId="users",outcome="${outcome}",status="${name}",httpMethod="POST"} 1`,
    );
  });

  it('gives all methods that HTTP does not know one series', async () => {
    const metrics = new RequestMetrics();
    metrics.record('users', 'X1', 200, 1);
    metrics.record('users', 'X2', 200, 1);

    const counts = (await lines()).filter((line) => line.includes('_count{'));
    expect(counts).toHaveLength(1);
    expect(counts[0]).toContain('httpMethod="OTHER"} 2');
  });

  it('forgets the series of a route that is gone', async () => {
    const metrics = new RequestMetrics();
    metrics.record('users', 'GET', 200, 1);
    metrics.record('orders', 'GET', 200, 1);
    metrics.forget('users');

    const text = (await lines()).join('\n');
    expect(text).not.toContain('users');
    expect(text).toContain('orders');
  });

  it("says the same as the registry's own text", async () => {
    const metrics = new RequestMetrics();
    metrics.record('a "quoted"\nid \\', 'GET', 200, 1);
    metrics.record('users', 'PUT', 503, 31_000);

    const text = await register.getSingleMetricAsString(NAME);
    expect(await slicedText()).toBe(`${text}\n`);
  });

  it('obeys the global configuration at once and keeps what it has counted', async () => {
    const metrics = new RequestMetrics();
    metrics.record('users', 'GET', 200, 1);
    metrics.configure({ enabled: false, prefix: 'edge.gateway', tags: { 'data-centre': 'fra' } });
    metrics.record('users', 'GET', 200, 1);

    expect(register.getSingleMetric(NAME)).toBeUndefined();
    expect(await lines('edge_gateway_requests_seconds')).toContain(
      'edge_gateway_requests_seconds_count' +
        '{routeId="users",outcome="SUCCESSFUL",status="OK",httpMethod="GET",data_centre="fra"} 1',
    );
    metrics.configure({ enabled: true, prefix: 'spring.cloud.gateway', tags: {} });
  });
});
