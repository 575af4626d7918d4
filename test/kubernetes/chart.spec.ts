import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readBootstrap } from '../../apps/gateway/src/bootstrap/bootstrap-file.js';
import { testCertificate } from '../builders/test-certificate.js';
import {
  CHART,
  only,
  type Rendered,
  type RenderedPod,
  renderChart,
  VALUE_SETS,
  valuesFile,
  withValues,
} from './chart.js';
import { ClusterAccess } from './cluster-access.js';

const cluster = ClusterAccess.shared();
/** The namespaces that the value sets name. */
const TEAMS = ['team-a', 'team-b'];
/** As much of the Prometheus operator as the API server needs to take a ServiceMonitor. */
const SERVICE_MONITORS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'servicemonitors.monitoring.coreos.com' },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: { plural: 'servicemonitors', singular: 'servicemonitor', kind: 'ServiceMonitor' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['selector', 'endpoints'],
                properties: {
                  selector: {
                    type: 'object',
                    properties: { matchLabels: { type: 'object', additionalProperties: { type: 'string' } } },
                  },
                  namespaceSelector: {
                    type: 'object',
                    properties: { matchNames: { type: 'array', items: { type: 'string' } } },
                  },
                  endpoints: {
                    type: 'array',
                    items: {
                      type: 'object',
                      properties: {
                        port: { type: 'string' },
                        path: { type: 'string' },
                        interval: { type: 'string', pattern: '^[0-9]+(ms|s|m)$' },
                        scrapeTimeout: { type: 'string', pattern: '^[0-9]+(ms|s|m)$' },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

const set = (...settings: string[]): string[] => settings.flatMap((setting) => ['--set', setting]);
const podOf = (objects: readonly Rendered[]): RenderedPod => only(objects, 'Deployment').spec.template;

interface Bootstrap {
  readonly management: { readonly 'allowed-hosts': readonly string[] };
  readonly tigateway: object;
}

function bootstrapTextOf(objects: readonly Rendered[]): string {
  const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-bootstrap'));
  return found!.data['tigateway.yml']!;
}

function bootstrapOf(objects: readonly Rendered[]): Bootstrap {
  return parse(bootstrapTextOf(objects)) as Bootstrap;
}

afterAll(() => cluster.close());

/** A new namespace, with the service account that a controller would make. */
async function namespaceForPods(): Promise<string> {
  const namespace = await cluster.namespace('chart');
  await cluster.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
  return namespace;
}

/** Without the tokens, which are never the same. */
function inOrder(objects: readonly Rendered[]): unknown[] {
  return objects
    .map((object) => ({ ...object, ...(object.kind === 'Secret' && { data: undefined }) }))
    .sort((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`));
}

describe.each(VALUE_SETS)('with the values %s', (name) => {
  const args = ['--values', valuesFile(name)];

  beforeAll(async () => {
    await cluster.kubectl(['apply', '--filename', '-'], JSON.stringify(SERVICE_MONITORS));
    await cluster.kubectl(['wait', '--for=condition=Established', `crd/${SERVICE_MONITORS.metadata.name}`]);
    for (const team of TEAMS) await cluster.request('POST', '/api/v1/namespaces', { metadata: { name: team } });
  });

  it('helm finds nothing to complain about', async () => {
    expect(await cluster.helm(['lint', '--strict', CHART, ...args])).toContain('0 chart(s) failed');
  });

  it('Helm 3 and Helm 4 make the same of it', async () => {
    const { helm, helm3 } = cluster.facts;
    expect(await cluster.helm(['lint', '--strict', CHART, ...args], helm3)).toContain('0 chart(s) failed');
    const [newer, older] = [
      await renderChart(cluster, { args, helm }),
      await renderChart(cluster, { args, helm: helm3 }),
    ];
    expect(inOrder(older)).toEqual(inOrder(newer));
  });

  it('the API server would take every object as it is', async () => {
    const namespace = await namespaceForPods();
    const objects = await renderChart(cluster, { namespace, args });
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    const taken = await cluster.kubectl(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename', '-'],
      JSON.stringify(list),
    );
    expect(taken.trim().split('\n')).toHaveLength(objects.length);
  });

  it('the gateway takes the bootstrap file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bootstrap-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const text = bootstrapTextOf(await renderChart(cluster, { args }));
    const { certificate, key } = testCertificate('first');
    mkdirSync(join(folder, 'management-token'));
    writeFileSync(join(folder, 'management-token/token'), 's3cret');
    mkdirSync(join(folder, 'tls'));
    copyFileSync(certificate, join(folder, 'tls/tls.crt'));
    copyFileSync(key, join(folder, 'tls/tls.key'));
    const file = join(folder, 'tigateway.yml');
    writeFileSync(file, text.replaceAll('/run/tigateway', folder));
    const { settings } = readBootstrap({ TIGATEWAY_CONFIG: file, REDIS_PASSWORD: 'x' });
    expect(settings.management.auth.token).toBe('s3cret');
    expect(settings.tigateway.dataDir).toBe('/data');
  });

  it('the pods fit into a namespace that is restricted', async () => {
    const namespace = await namespaceForPods();
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await cluster.must('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { labels } });
    const objects = await renderChart(cluster, { namespace, args });
    const { serviceAccountName } = podOf(objects).spec;
    const account = only(objects, 'ServiceAccount', serviceAccountName);
    await cluster.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, account);
    const pods = [{ ...podOf(objects), apiVersion: 'v1', kind: 'Pod' }, only(objects, 'Pod')];
    for (const pod of pods) {
      const asked = { ...pod, metadata: { ...pod.metadata, name: 'pod' } };
      const answer = await cluster.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, asked);
      expect(answer).toMatchObject({ status: 201, body: { kind: 'Pod' } });
    }
  });
});

describe('the bootstrap file', () => {
  it('has what only the release knows filled in', async () => {
    const bootstrap = bootstrapOf(await renderChart(cluster, { release: 'tigateway', namespace: 'edge' }));
    expect(bootstrap.management).toMatchObject({
      address: '0.0.0.0',
      auth: { 'token-file': '/run/tigateway/management-token/token' },
      'allowed-hosts': [
        'tigateway-management',
        'tigateway-management.edge',
        'tigateway-management.edge.svc',
        'tigateway-management.edge.svc.cluster.local',
      ],
    });
    expect(bootstrap.tigateway).toMatchObject({
      store: 'kubernetes',
      kubernetes: { namespace: 'edge', gateway: 'tigateway' },
      sources: { configmap: { enabled: true, namespace: 'edge' }, crd: { enabled: true, namespaces: ['edge'] } },
      discovery: { kubernetes: { enabled: true, namespaces: ['edge'] } },
    });
  });

  it('has what the values say, and the rest as it is without them', async () => {
    const config = {
      management: { 'allowed-hosts': ['admin.example'] },
      tigateway: {
        kubernetes: { gateway: 'north' },
        sources: { crd: { namespaces: ['a', '*'] }, file: { enabled: true, paths: ['/etc/routes'] } },
        'trusted-proxies': ['10.0.0.0/8'],
        redis: { password: '${REDIS_PASSWORD}' },
      },
    };
    const objects = await withValues({ config }, (args) => renderChart(cluster, { args }));
    const { management, tigateway } = bootstrapOf(objects);
    expect(management['allowed-hosts']).toContain('admin.example');
    expect(management['allowed-hosts']).toContain('tigateway-management');
    expect(tigateway).toMatchObject({
      ...config.tigateway,
      kubernetes: { namespace: 'tigateway', gateway: 'north' },
      sources: { ...config.tigateway.sources, crd: { enabled: true, namespaces: ['a', '*'] } },
    });
  });

  it('restarts the pods when it changes', async () => {
    const checksum = async (args: string[]) =>
      podOf(await renderChart(cluster, { args })).metadata.annotations['checksum/bootstrap'];
    expect(await checksum([])).toBe(await checksum([]));
    expect(await checksum(set('config.tigateway.log-level=debug'))).not.toBe(await checksum([]));
  });
});

describe('the pod', () => {
  it.each([
    ['30s', 45],
    ['250ms', 16],
    ['30001', 46],
    ['2m', 135],
    ['1h', 3_615],
    ['PT1M30.5S', 106],
    ['P1DT1H', 90_015],
    ['0', 15],
  ])('is given the time to drain that server.drain-timeout says: %s', async (drain, seconds) => {
    const config = { server: { 'drain-timeout': drain } };
    const objects = await withValues({ config }, (args) => renderChart(cluster, { args }));
    expect(podOf(objects).spec.terminationGracePeriodSeconds).toBe(seconds);
  });

  it('is named as the documentation calls it, and answers probes that the API server cannot fail', async () => {
    const objects = await renderChart(cluster);
    expect(only(objects, 'Deployment').metadata.name).toBe('tigateway');
    const [container] = podOf(objects).spec.containers;
    expect(container).toMatchObject({
      name: 'tigateway',
      startupProbe: { httpGet: { path: '/actuator/health/liveness', port: 'management' } },
      livenessProbe: { httpGet: { path: '/actuator/health/liveness', port: 'management' } },
      readinessProbe: { httpGet: { path: '/actuator/health/readiness', port: 'management' } },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
    });
  });

  it('writes nowhere but into its volume, and gets no variables made of the names of Services', async () => {
    const { spec } = podOf(await renderChart(cluster));
    const { securityContext, volumeMounts } = spec.containers[0]!;
    expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    const writable = volumeMounts.filter((mount) => !mount.readOnly);
    expect(writable).toEqual([{ name: 'data', mountPath: '/data' }]);
    expect(spec.volumes.find(({ name }) => name === 'data')?.emptyDir).toEqual({ sizeLimit: '1Gi' });
    expect(spec.enableServiceLinks).toBe(false);
  });

  it('has no token of the API server where nothing asks it', async () => {
    const args = ['--values', valuesFile('one-process')];
    const objects = await renderChart(cluster, { args });
    expect(podOf(objects).spec.automountServiceAccountToken).toBe(false);
    expect(objects.filter(({ kind }) => /Role/.test(kind))).toEqual([]);
    expect(only(objects, 'Deployment').spec.strategy).toEqual({ type: 'Recreate' });
  });

  it('is what every selector of the chart selects', async () => {
    const objects = await renderChart(cluster, { args: set('serviceMonitor.enabled=true') });
    const { labels } = podOf(objects).metadata;
    const selectors = [
      only(objects, 'Deployment').spec.selector.matchLabels,
      only(objects, 'Service', 'tigateway').spec.selector,
      only(objects, 'Service', 'tigateway-management').spec.selector,
      only(objects, 'PodDisruptionBudget').spec.selector.matchLabels,
      only(objects, 'NetworkPolicy').spec.podSelector.matchLabels,
      ...podOf(objects).spec.topologySpreadConstraints.map((each) => each.labelSelector.matchLabels),
    ];
    expect(selectors).toHaveLength(7);
    for (const selector of selectors) expect(labels).toMatchObject(selector);
    // The pod of `helm test` is in none of them, and what Prometheus scrapes is the management Service alone.
    expect(only(objects, 'Pod').metadata.labels).not.toMatchObject(selectors[0]!);
    const scraped = objects.filter(
      ({ kind, metadata }) =>
        kind === 'Service' &&
        Object.entries(only(objects, 'ServiceMonitor').spec.selector.matchLabels).every(
          ([label, value]) => metadata.labels[label] === value,
        ),
    );
    expect(scraped.map(({ metadata }) => metadata.name)).toEqual(['tigateway-management']);
  });

  it('bears no labels of a configuration: the gateway would read its own bootstrap file', async () => {
    const objects = await renderChart(cluster, { args: ['--values', valuesFile('some-namespaces')] });
    for (const { kind, metadata } of objects.filter((object) => object.kind === 'ConfigMap')) {
      expect([kind, metadata.name, metadata.labels['app']]).toEqual([kind, metadata.name, undefined]);
    }
  });
});

describe('values that cannot work', () => {
  it.each([
    ['an unknown key', { replicas: 3 }, /additional properties 'replicas' not allowed/],
    ['an unknown store', { config: { tigateway: { store: 'disk' } } }, /'embedded', 'kubernetes'/],
    ['a token for all to read', { config: { management: { auth: { token: 'x' } } } }, /\/config\/management\/auth/],
    ['no namespaces', { config: { tigateway: { sources: { crd: { namespaces: [] } } } } }, /minItems/],
    ['a namespace that is none', { config: { tigateway: { sources: { crd: { namespaces: ['A'] } } } } }, /pattern/],
    ['several processes on one folder', { config: { tigateway: { store: 'embedded' } } }, /belongs to one process/],
    ['a drain timeout that is none', { config: { server: { 'drain-timeout': 'soon' } } }, /"soon" is no duration/],
    ['a stop that is too short', { terminationGracePeriodSeconds: 35 }, /not longer than .* 35 s/],
    [
      'a scaling without a measure',
      { autoscaling: { enabled: true, targetCPUUtilizationPercentage: null } },
      /\/autoscaling/,
    ],
  ])('%s', async (_, values, message) => {
    await expect(withValues(values, (args) => renderChart(cluster, { args }))).rejects.toThrow(message);
  });

  it('a Kubernetes that is too old', async () => {
    await expect(renderChart(cluster, { args: ['--kube-version', '1.29.0'] })).rejects.toThrow(/incompatible/);
  });
});

describe('a release', () => {
  it('is installed, keeps its token over an upgrade, and leaves nothing behind', async () => {
    const namespace = await cluster.namespace('release');
    const inNamespace = ['--namespace', namespace];
    const secret = () =>
      cluster.must<Rendered>('GET', `/api/v1/namespaces/${namespace}/secrets/tigateway-management-token`);
    const notes = await cluster.helm(['install', 'tigateway', CHART, ...inNamespace]);
    expect(notes).toContain(`tigateway-management.${namespace}:8090`);
    const { data } = await secret();
    expect(Buffer.from(data['token']!, 'base64').toString()).toMatch(/^[A-Za-z0-9]{40}$/);

    await cluster.helm(['upgrade', 'tigateway', CHART, ...inNamespace, ...set('replicaCount=3')]);
    expect((await secret()).data).toEqual(data);
    const deployment = `/apis/apps/v1/namespaces/${namespace}/deployments/tigateway`;
    expect(await cluster.must('GET', deployment)).toMatchObject({ spec: { replicas: 3 } });

    await cluster.helm(['uninstall', 'tigateway', ...inNamespace]);
    const kinds = 'deployments,services,configmaps,secrets,serviceaccounts,roles,rolebindings,pdb,hpa,networkpolicies';
    const left = await cluster.kubectl(['get', kinds, ...inNamespace, '--output', 'name']);
    expect(left.split('\n').filter((name) => name.includes('tigateway'))).toEqual([]);
  });
});
