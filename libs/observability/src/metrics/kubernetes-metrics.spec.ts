import { register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { KubernetesMetrics } from './kubernetes-metrics.js';
import { isSlicedMetric } from './sliced-metric.js';

describe('KubernetesMetrics', () => {
  it.each([
    ['tigateway_kubernetes_watch_up{resource="configmaps",watched_namespace="a"} 1'],
    ['tigateway_kubernetes_watch_up{resource="ingresses.networking.k8s.io",watched_namespace="*"} 0'],
    ['tigateway_kubernetes_watch_restarts_total{resource="configmaps",watched_namespace="a"} 2'],
    ['tigateway_kubernetes_objects{resource="configmaps",watched_namespace="a"} 7'],
    ['tigateway_kubernetes_leader{} 1'],
  ])('shows %s', async (line) => {
    const metrics = new KubernetesMetrics();
    metrics.followLeadership(() => true);
    metrics.followWatches(() => [
      { resource: 'configmaps', namespace: 'a', isUp: true, restarts: 2, objects: 7 },
      { resource: 'ingresses.networking.k8s.io', namespace: '*', isUp: false, restarts: 0, objects: 0 },
    ]);
    const metric = register.getSingleMetric(line.split('{')[0]!);
    if (metric === undefined || !isSlicedMetric(metric)) throw new Error('not registered');
    expect((await metric.slicedText()).split('\n')).toContain(line);
  });
});
