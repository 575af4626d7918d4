import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHART, renderChart, valuesFile } from './chart.js';
import { ClusterAccess } from './cluster-access.js';

const cluster = ClusterAccess.shared();
afterAll(() => cluster.close());

const READ = 'get list watch';
const WRITE = 'create delete get list update watch';
const STATUS = 'patch';

const LEASES = { 'leases.coordination.k8s.io': 'create delete get list patch update watch' };
const STORE = { configmaps: WRITE, ...LEASES };
const CUSTOM_RESOURCES = Object.fromEntries(
  ['tigatewayroutes', 'tigatewayfilters', 'tigatewayconfigs'].flatMap((plural) => [
    [`${plural}.tigateway.cn`, READ],
    [`${plural}/status.tigateway.cn`, STATUS],
  ]),
);
const SERVICES = { services: READ, 'endpointslices.discovery.k8s.io': READ };
const INGRESSES = {
  'ingresses.networking.k8s.io': READ,
  'ingresses/status.networking.k8s.io': STATUS,
};
const GATEWAY_API = {
  'gateways.gateway.networking.k8s.io': READ,
  'gateways/status.gateway.networking.k8s.io': STATUS,
  'httproutes.gateway.networking.k8s.io': READ,
  'httproutes/status.gateway.networking.k8s.io': STATUS,
  'referencegrants.gateway.networking.k8s.io': READ,
};
/** What has no namespace, and is therefore seen from each. */
const INGRESS_CLASSES = { 'ingressclasses.networking.k8s.io': READ };
const CLUSTER = {
  ...INGRESS_CLASSES,
  'gatewayclasses.gateway.networking.k8s.io': READ,
  'gatewayclasses/status.gateway.networking.k8s.io': STATUS,
  namespaces: READ,
};
const EVERYTHING = { ...CUSTOM_RESOURCES, ...SERVICES, ...INGRESSES, ...GATEWAY_API, ...CLUSTER };

interface Made {
  readonly metadata: object;
}

interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** The API server as a service account meets it. */
async function as(namespace: string, serviceAccount: string): Promise<ClusterAccess> {
  return new ClusterAccess({ ...cluster.facts, adminToken: await cluster.tokenOf(namespace, serviceAccount) });
}

/** All that a user may do in a namespace: the verbs by `resource.group`. */
async function rightsIn(user: ClusterAccess, namespace: string): Promise<Map<string, Set<string>>> {
  const review: { status: { incomplete: boolean; resourceRules: ResourceRule[] } } = await user.must(
    'POST',
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    { spec: { namespace } },
  );
  expect(review.status.incomplete).toBe(false);
  const rights = new Map<string, Set<string>>();
  for (const { verbs, apiGroups, resources } of review.status.resourceRules) {
    for (const resource of resources.flatMap((name) => apiGroups.map((group) => (group ? `${name}.${group}` : name)))) {
      rights.set(resource, new Set([...(rights.get(resource) ?? []), ...verbs]));
    }
  }
  return rights;
}

/** What a user may do there beyond every service account. */
async function grantedIn(
  user: ClusterAccess,
  namespace: string,
  nobody: ClusterAccess,
): Promise<Record<string, string>> {
  const common = await rightsIn(nobody, namespace);
  const granted = [...(await rightsIn(user, namespace))].map(([resource, verbs]) => {
    const own = [...verbs].filter((verb) => !common.get(resource)?.has(verb));
    return [resource, own.sort().join(' ')] as const;
  });
  return Object.fromEntries(granted.filter(([, verbs]) => verbs !== ''));
}

describe('what the service account may do, to the last verb', () => {
  it.each([
    ['one-process', 'tigateway', { own: {}, 'team-a': {}, 'team-b': {}, elsewhere: {} }],
    [
      'default',
      'tigateway',
      { own: { ...STORE, ...CUSTOM_RESOURCES, ...SERVICES }, 'team-a': {}, 'team-b': {}, elsewhere: {} },
    ],
    [
      'some-namespaces',
      'edge-gateway',
      {
        own: { ...STORE, ...CLUSTER },
        'team-a': { ...EVERYTHING, configmaps: READ },
        'team-b': EVERYTHING,
        elsewhere: CLUSTER,
      },
    ],
    [
      'ingresses-alone',
      'tigateway',
      {
        own: { ...LEASES, ...INGRESS_CLASSES },
        'team-a': { ...INGRESSES, ...SERVICES, ...INGRESS_CLASSES },
        'team-b': INGRESS_CLASSES,
        elsewhere: INGRESS_CLASSES,
      },
    ],
    [
      'all-namespaces',
      'tigateway',
      { own: { ...EVERYTHING, ...STORE }, 'team-a': EVERYTHING, 'team-b': EVERYTHING, elsewhere: EVERYTHING },
    ],
  ])('with the values %s', async (values, account, expected) => {
    for (const team of ['team-a', 'team-b']) {
      await cluster.request('POST', '/api/v1/namespaces', { metadata: { name: team } });
    }
    const [own, elsewhere] = [await cluster.namespace('access'), await cluster.namespace('elsewhere')];
    const objects = await renderChart(cluster, { namespace: own, args: ['--values', valuesFile(values)] });
    const items = objects.filter(({ kind }) => kind === 'ServiceAccount' || kind.includes('Role'));
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await cluster.kubectl(['apply', '--filename', '-'], list);
    try {
      await cluster.serviceAccount(own, 'nobody', []);
      const [user, nobody] = [await as(own, account), await as(own, 'nobody')];
      const places = { own, 'team-a': 'team-a', 'team-b': 'team-b', elsewhere };
      const granted: Record<string, Record<string, string>> = {};
      for (const [place, namespace] of Object.entries(places)) {
        granted[place] = await grantedIn(user, namespace, nobody);
      }
      expect(granted).toEqual(expected);
      await Promise.all([user.close(), nobody.close()]);
    } finally {
      await cluster.kubectl(['delete', '--filename', '-'], list);
    }
  });
});

describe('a release with the default values', () => {
  let own: string;
  let elsewhere: string;
  let gateway: ClusterAccess;

  beforeAll(async () => {
    own = await cluster.namespace('access');
    elsewhere = await cluster.namespace('elsewhere');
    await cluster.helm(['install', 'tigateway', CHART, '--namespace', own]);
    gateway = await as(own, 'tigateway');
    for (const namespace of [own, elsewhere]) {
      await cluster.must('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'there' } });
      await cluster.must('POST', `/api/v1/namespaces/${namespace}/secrets`, { metadata: { name: 'there' } });
      await cluster.must('POST', `/apis/tigateway.cn/v1/namespaces/${namespace}/tigatewayroutes`, {
        apiVersion: 'tigateway.cn/v1',
        kind: 'TiGatewayRoute',
        metadata: { name: 'there' },
        spec: { route: { id: 'there', uri: 'http://127.0.0.1:9001' } },
      });
    }
  });

  afterAll(() => gateway.close());

  it('lets the gateway keep its journal, its history and its Leases', async () => {
    for (const folder of [
      `/api/v1/namespaces/${own}/configmaps`,
      `/apis/coordination.k8s.io/v1/namespaces/${own}/leases`,
    ]) {
      const made: Made = await gateway.must('POST', folder, { metadata: { name: 'tigateway-config-journal' } });
      expect(await gateway.must('GET', folder)).toMatchObject({ items: expect.arrayContaining([expect.anything()]) });
      const name = `${folder}/tigateway-config-journal`;
      await gateway.must('PUT', name, {
        ...made,
        metadata: { ...made.metadata, labels: { app: 'tigateway' } },
      });
      expect(await gateway.must('GET', name)).toMatchObject({ metadata: { labels: { app: 'tigateway' } } });
      await gateway.must('DELETE', name);
    }
  });

  it('lets the gateway read custom resources and say in their status what became of them', async () => {
    const folder = `/apis/tigateway.cn/v1/namespaces/${own}/tigatewayroutes`;
    expect(await gateway.must('GET', folder)).toMatchObject({ items: [{ metadata: { name: 'there' } }] });
    const condition = {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const status = { conditions: [condition] };
    await gateway.must('PATCH', `${folder}/there/status`, { status });
    expect(await cluster.must('GET', `${folder}/there`)).toMatchObject({ status });
  });

  it.each<
    [
      what: string,
      method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
      path: (own: string, elsewhere: string) => string,
    ]
  >([
    ['read a Secret', 'GET', (ns) => `/api/v1/namespaces/${ns}/secrets/there`],
    ['list Secrets', 'GET', (ns) => `/api/v1/namespaces/${ns}/secrets`],
    ['read its own token', 'GET', (ns) => `/api/v1/namespaces/${ns}/secrets/tigateway-management-token`],
    ['read the Secrets of all', 'GET', () => '/api/v1/secrets'],
    ['make itself a token', 'POST', (ns) => `/api/v1/namespaces/${ns}/serviceaccounts/tigateway/token`],
    [
      'give itself rights',
      'PATCH',
      (ns) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/roles/tigateway-store`,
    ],
    ['bind a role', 'POST', (ns) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings`],
    ['change what it runs as', 'PATCH', (ns) => `/apis/apps/v1/namespaces/${ns}/deployments/tigateway`],
    ['start a pod', 'POST', (ns) => `/api/v1/namespaces/${ns}/pods`],
    ['see pods', 'GET', (ns) => `/api/v1/namespaces/${ns}/pods`],
    ['see nodes', 'GET', () => '/api/v1/nodes'],
    ['see namespaces', 'GET', () => '/api/v1/namespaces'],
    ['see Ingresses while that source is off', 'GET', (ns) => `/apis/networking.k8s.io/v1/namespaces/${ns}/ingresses`],
    ['change a Service', 'PATCH', (ns) => `/api/v1/namespaces/${ns}/services/tigateway`],
    ['change a route', 'PATCH', (ns) => `/apis/tigateway.cn/v1/namespaces/${ns}/tigatewayroutes/there`],
    ['delete a route', 'DELETE', (ns) => `/apis/tigateway.cn/v1/namespaces/${ns}/tigatewayroutes/there`],
    ['delete all ConfigMaps at once', 'DELETE', (ns) => `/api/v1/namespaces/${ns}/configmaps`],
    ['read ConfigMaps elsewhere', 'GET', (_, ns) => `/api/v1/namespaces/${ns}/configmaps`],
    ['change a ConfigMap elsewhere', 'DELETE', (_, ns) => `/api/v1/namespaces/${ns}/configmaps/there`],
    ['read the ConfigMaps of all', 'GET', () => '/api/v1/configmaps'],
    ['read routes elsewhere', 'GET', (_, ns) => `/apis/tigateway.cn/v1/namespaces/${ns}/tigatewayroutes`],
    [
      'write a status elsewhere',
      'PATCH',
      (_, ns) => `/apis/tigateway.cn/v1/namespaces/${ns}/tigatewayroutes/there/status`,
    ],
    ['see Services elsewhere', 'GET', (_, ns) => `/api/v1/namespaces/${ns}/services`],
    ['take a Lease elsewhere', 'POST', (_, ns) => `/apis/coordination.k8s.io/v1/namespaces/${ns}/leases`],
  ])('does not let the gateway %s', async (_, method, path) => {
    const body = method === 'GET' || method === 'DELETE' ? undefined : { metadata: { name: 'new' } };
    const answer = await gateway.request(method, path(own, elsewhere), body);
    expect(answer).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
  });
});
