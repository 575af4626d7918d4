import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { Upstream } from '../e2e/upstream.js';
import { ClusterAccess } from './cluster-access.js';

const DASHBOARD = fileURLToPath(new URL('../../charts/tigateway/dashboards/tigateway.json', import.meta.url));

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const { panels, annotations } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
  panels: Panel[];
  annotations: { list: { name: string; expr: string }[] };
};
const queries = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
  ...annotations.list.map(({ name, expr }) => ({ title: name, expr })),
];

/** What the Prometheus operator makes labels of for each target; a metric's own label of such a name is put behind `exported_`. */
const TARGET_LABELS = ['namespace', 'pod', 'container', 'service', 'endpoint', 'job', 'instance'];
const asScraped = (label: string) => (TARGET_LABELS.includes(label) ? `exported_${label}` : label);

describe("the chart's dashboard", () => {
  const cluster = ClusterAccess.shared();
  let upstream: Upstream;
  let gateway: GatewayProcess;
  /** The names of the labels by the name of the series, as the process has them; of metrics without a series yet: none. */
  const labelsOf = new Map<string, Set<string>>();

  beforeAll(async () => {
    upstream = await Upstream.saying('here');
    const namespace = await cluster.namespace('dashboard');
    gateway = await GatewayProcess.started({
      tigateway: {
        kubernetes: { kubeconfig: cluster.kubeconfig, namespace },
        sources: { configmap: { enabled: true, namespace } },
        services: { orders: [upstream.url] },
        notification: { notification: { webhook: { enabled: true, url: upstream.url, 'allow-insecure': true } } },
      },
      routes: {
        'routes.json': JSON.stringify({
          routes: [{ id: 'orders', uri: 'lb://orders', predicates: ['Path=/**'], filters: ['CircuitBreaker=orders'] }],
          globals: { httpclient: { pool: { metrics: true } } },
        }),
        'wrong.json': JSON.stringify({ routes: [{ id: 'wrong' }] }),
      },
    });
    await fetch(gateway.url);
    const text = await (await fetch(`${gateway.adminUrl}/actuator/prometheus`)).text();
    for (const [, name = ''] of text.matchAll(/^# TYPE (\S+)/gm)) labelsOf.set(name, new Set());
    for (const [, name = '', labels = ''] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? /gm)) {
      const names = labelsOf.get(name) ?? new Set();
      for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) names.add(label);
      labelsOf.set(name, names);
    }
  });

  afterAll(async () => {
    await gateway.dispose();
    await upstream.stop();
    await cluster.close();
  });

  it.each(queries)('$title: asks for what is measured', ({ expr }) => {
    const selectors = [...expr.matchAll(/(\w+)\{([^}]*)\}/g)];
    expect(selectors.length).toBeGreaterThan(0);
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
    for (const [, name = '', matchers = ''] of selectors) {
      const labels = labelsOf.get(name);
      expect(labels, name).toBeDefined();
      const asked = [...[...matchers.matchAll(/(\w+)=/g)].map(([, label]) => label), ...grouped];
      // A metric without a series shows no labels; the documentation of the admin API has them.
      if (labels!.size === 0) continue;
      expect([...[...labels!].map(asScraped), ...TARGET_LABELS]).toEqual(expect.arrayContaining(asked));
    }
  });

  it('names in its legends only what its queries group by', () => {
    for (const { expr, legendFormat } of panels.flatMap(({ targets = [] }) => targets)) {
      const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);
      const kept = expr.includes('sum') || expr.includes('max') || expr.includes('min');
      const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/) ?? (kept ? [] : TARGET_LABELS);
      expect(grouped, expr).toEqual(expect.arrayContaining(used));
    }
  });

  it('has no two panels in one place', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const [index, { gridPos: a, title }] of panels.entries()) {
      for (const { gridPos: b, title: other } of panels.slice(index + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(apart, `${title} and ${other}`).toBe(true);
      }
      expect(a.x + a.w).toBeLessThanOrEqual(24);
    }
  });
});
