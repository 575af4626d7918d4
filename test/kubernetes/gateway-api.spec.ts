import { request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { ClusterAccess } from './cluster-access.js';
import { gatewayApiCrds, installGatewayApi } from './gateway-api-crds.js';
import { ServedService } from './served-service.js';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly observedGeneration: number;
}

interface RouteStatus {
  readonly parents?: readonly { readonly controllerName: string; readonly conditions: readonly Condition[] }[];
}

interface GatewayStatus {
  readonly addresses?: readonly { readonly value: string }[];
  readonly conditions: readonly Condition[];
  readonly listeners?: readonly { readonly attachedRoutes: number; readonly conditions: readonly Condition[] }[];
}

const crds = gatewayApiCrds();
const cluster = ClusterAccess.shared();
const cleanups: (() => Promise<unknown>)[] = [];
const API = '/apis/gateway.networking.k8s.io/v1';
/** Of this run alone: classes have no namespace. */
const CLASS = `tigateway-${Date.now()}`;
const CONTROLLER = `tigateway.cn/${CLASS}`;
/** Only a hang takes as long. */
const CHANGE = { timeout: 60_000 };

let namespace: string;
let other: string;
let gateway: GatewayProcess;

const shown = (conditions: readonly Condition[] = []): string[] =>
  conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

const KINDS = {
  gatewayclasses: 'GatewayClass',
  gateways: 'Gateway',
  httproutes: 'HTTPRoute',
  referencegrants: 'ReferenceGrant',
};

async function create(plural: keyof typeof KINDS, name: string, spec: object, where = namespace): Promise<void> {
  const version = plural === 'referencegrants' ? 'v1beta1' : 'v1';
  const scope = plural === 'gatewayclasses' ? '' : `namespaces/${where}/`;
  await cluster.must('POST', `/apis/gateway.networking.k8s.io/${version}/${scope}${plural}`, {
    apiVersion: `gateway.networking.k8s.io/${version}`,
    kind: KINDS[plural],
    metadata: { name },
    spec,
  });
}

async function served(name: string, where = namespace): Promise<ServedService> {
  const service = await ServedService.created(cluster, where, name);
  cleanups.push(() => service.stop());
  return service;
}

async function ask(host: string, path: string, headers: Record<string, string> = {}, method: 'GET' | 'POST' = 'GET') {
  const answer = await request(gateway.url + path, { method, headers: { host, ...headers } });
  return { status: answer.statusCode, text: await answer.body.text(), headers: answer.headers };
}

async function said(...asked: Parameters<typeof ask>): Promise<string> {
  const { status, text } = await ask(...asked);
  return status === 200 ? text : String(status);
}

const routePath = (name: string): string => `${API}/namespaces/${namespace}/httproutes/${name}`;

async function routeConditions(name: string): Promise<string[]> {
  const { status } = await cluster.must<{ status?: RouteStatus }>('GET', routePath(name));
  return shown(status?.parents?.find(({ controllerName }) => controllerName === CONTROLLER)?.conditions);
}

describe.skipIf(crds === undefined)('the Gateway API', () => {
  beforeAll(async () => {
    await installGatewayApi(cluster, crds as string);
    await create('gatewayclasses', CLASS, { controllerName: CONTROLLER });
  });

  beforeEach(async () => {
    namespace = await cluster.namespace();
    other = await cluster.namespace('other');
    gateway = await GatewayProcess.started({
      tigateway: {
        kubernetes: { kubeconfig: cluster.kubeconfig, namespace },
        sources: {
          'gateway-api': {
            enabled: true,
            namespaces: [namespace, other],
            'controller-name': CONTROLLER,
            addresses: ['192.0.2.1'],
          },
          file: { enabled: false },
        },
      },
    });
    cleanups.push(() => gateway.dispose());
    await create('gateways', 'edge', {
      gatewayClassName: CLASS,
      listeners: [
        { name: 'web', protocol: 'HTTP', port: 80, hostname: '*.shop.test' },
        { name: 'secure', protocol: 'HTTPS', port: 443, tls: { certificateRefs: [{ name: 'never-read' }] } },
      ],
    });
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  afterAll(async () => {
    await cluster.must('DELETE', `${API}/gatewayclasses/${CLASS}`);
    await cluster.close();
  });

  it('routes by host, path, method, header and query, the most specific first', async () => {
    for (const name of ['web', 'api', 'exact', 'beta', 'post', 'wild']) await served(name);
    const to = (name: string) => [{ name, port: 80 }];
    await create('httproutes', 'narrow', {
      parentRefs: [{ name: 'edge' }],
      hostnames: ['a.shop.test'],
      rules: [
        { backendRefs: to('web') },
        { matches: [{ path: { type: 'PathPrefix', value: '/api' } }], backendRefs: to('api') },
        {
          matches: [
            { path: { type: 'PathPrefix', value: '/api' }, headers: [{ name: 'x-version', value: 'beta' }] },
            { path: { type: 'PathPrefix', value: '/api' }, queryParams: [{ name: 'v', value: 'beta' }] },
          ],
          backendRefs: to('beta'),
        },
        { matches: [{ path: { type: 'PathPrefix', value: '/api' }, method: 'POST' }], backendRefs: to('post') },
        { matches: [{ path: { type: 'Exact', value: '/api' } }], backendRefs: to('exact') },
      ],
    });
    await create('httproutes', 'wide', { parentRefs: [{ name: 'edge' }], rules: [{ backendRefs: to('wild') }] });
    await expect.poll(() => said('a.shop.test', '/'), CHANGE).toBe('web');
    await expect.poll(() => said('b.shop.test', '/'), CHANGE).toBe('wild');
    const host = 'a.shop.test';
    const answers = await Promise.all([
      said(host, '/api'),
      said(host, '/api/'),
      said(host, '/apix'),
      said(host, '/api/x', { 'x-version': 'beta' }),
      said(host, '/api/x?v=beta'),
      said(host, '/api/x', { 'x-version': 'beta' }, 'POST'),
      said('x.y.shop.test', '/api'),
      said('shop.test', '/'),
      said('elsewhere.test', '/'),
    ]);
    expect(answers).toEqual(['exact', 'api', 'web', 'beta', 'beta', 'post', 'wild', '404', '404']);
  });

  it('changes requests and responses, redirects, mirrors and gives up in time', async () => {
    const web = await served('web');
    const mirror = await served('mirror');
    const mirrored: string[] = [];
    await web.remove('web');
    await web.add('echo', (incoming, response) => {
      if (incoming.url === '/slow') return;
      response.setHeader('x-inner', 'secret');
      response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers }));
    });
    await mirror.remove('mirror');
    await mirror.add('copies', (incoming, response) => {
      mirrored.push(incoming.url ?? '');
      response.end();
    });
    await create('httproutes', 'filters', {
      parentRefs: [{ name: 'edge' }],
      hostnames: ['a.shop.test'],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/old' } }],
          filters: [
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: { set: [{ name: 'x-set', value: 'yes' }], remove: ['x-gone'] },
            },
            {
              type: 'ResponseHeaderModifier',
              responseHeaderModifier: { add: [{ name: 'x-out', value: 'added' }], remove: ['x-inner'] },
            },
            {
              type: 'URLRewrite',
              urlRewrite: { hostname: 'inner.test', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } },
            },
            { type: 'RequestMirror', requestMirror: { backendRef: { name: 'mirror', port: 80 } } },
          ],
          backendRefs: [{ name: 'web', port: 80 }],
        },
        {
          matches: [{ path: { type: 'PathPrefix', value: '/slow' } }],
          timeouts: { request: '300ms' },
          backendRefs: [{ name: 'web', port: 80 }],
        },
        {
          matches: [{ path: { type: 'PathPrefix', value: '/go' } }],
          filters: [
            {
              type: 'RequestRedirect',
              requestRedirect: {
                scheme: 'https',
                path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/gone' },
                statusCode: 301,
              },
            },
          ],
        },
      ],
    });
    const host = 'a.shop.test';
    await expect.poll(() => ask(host, '/go/x?q=1').then(({ status }) => status), CHANGE).toBe(301);
    expect((await ask(host, '/go/x?q=1')).headers['location']).toBe('https://a.shop.test/gone/x?q=1');
    await expect.poll(async () => (await ask(host, '/old')).status, CHANGE).toBe(200);
    const { text, headers } = await ask(host, '/old/x?q=1', { 'x-gone': 'no', 'x-set': 'no' });
    const seen = JSON.parse(text) as { url: string; headers: Record<string, string> };
    expect(seen).toMatchObject({ url: '/new/x?q=1', headers: { host: 'inner.test', 'x-set': 'yes' } });
    expect(seen.headers['x-gone']).toBeUndefined();
    expect([headers['x-out'], headers['x-inner']]).toEqual(['added', undefined]);
    await expect.poll(() => mirrored, CHANGE).toContain('/new/x?q=1');
    expect((await ask(host, '/slow')).status).toBe(504);
  });

  it('shares requests by weight, and answers 500 for the share of a backend that is not there', async () => {
    for (const name of ['blue', 'green']) await served(name);
    await create('httproutes', 'weights', {
      parentRefs: [{ name: 'edge' }],
      rules: [
        {
          backendRefs: [
            { name: 'blue', port: 80, weight: 6 },
            { name: 'green', port: 80, weight: 3 },
            { name: 'absent', port: 80, weight: 1 },
          ],
        },
      ],
    });
    await expect.poll(() => said('a.shop.test', '/'), CHANGE).not.toBe('404');
    const counts: Record<string, number> = {};
    for (let at = 0; at < 600; at++) {
      const answer = await said('a.shop.test', '/');
      counts[answer] = (counts[answer] ?? 0) + 1;
    }
    // Three standard deviations and more of 600 draws.
    expect(Object.keys(counts).sort()).toEqual(['500', 'blue', 'green']);
    expect(Math.abs((counts['blue'] ?? 0) - 360)).toBeLessThan(50);
    expect(Math.abs((counts['green'] ?? 0) - 180)).toBeLessThan(45);
    await expect
      .poll(() => routeConditions('weights'), CHANGE)
      .toEqual(['Accepted True Accepted', 'ResolvedRefs False BackendNotFound']);
  });

  it('tells on all objects what became of them', async () => {
    await served('web');
    const rules = [{ backendRefs: [{ name: 'web', port: 80 }] }];
    await create('httproutes', 'fine', { parentRefs: [{ name: 'edge' }], hostnames: ['a.shop.test'], rules });
    await create('httproutes', 'elsewhere', {
      parentRefs: [{ name: 'edge', sectionName: 'web' }],
      hostnames: ['b.test'],
      rules,
    });
    await create('httproutes', 'secure', { parentRefs: [{ name: 'edge', sectionName: 'secure' }], rules });
    await create('httproutes', 'odd', {
      parentRefs: [{ name: 'edge' }],
      rules: [{ matches: [{ path: { type: 'RegularExpression', value: '/a.*' } }], ...rules[0] }],
    });
    await create('httproutes', 'foreign', { parentRefs: [{ name: 'nobody' }], rules });
    const good = ['Accepted True Accepted', 'ResolvedRefs True ResolvedRefs'];
    await expect.poll(() => routeConditions('fine'), CHANGE).toEqual(good);
    await expect
      .poll(() => routeConditions('elsewhere'), CHANGE)
      .toContain('Accepted False NoMatchingListenerHostname');
    await expect.poll(() => routeConditions('secure'), CHANGE).toContain('Accepted False NotAllowedByListeners');
    await expect.poll(() => routeConditions('odd'), CHANGE).toContain('Accepted False UnsupportedValue');
    expect(await routeConditions('foreign')).toEqual([]);

    const status = async () => {
      const found = await cluster.must<{ status: GatewayStatus }>(
        'GET',
        `${API}/namespaces/${namespace}/gateways/edge`,
      );
      const { addresses = [], conditions, listeners = [] } = found.status;
      return [
        ...addresses.map(({ value }) => value),
        ...shown(conditions),
        ...listeners.flatMap(({ attachedRoutes, conditions: each }) => [attachedRoutes, ...shown(each)]),
      ];
    };
    await expect
      .poll(status, CHANGE)
      .toEqual([
        '192.0.2.1',
        'Accepted True ListenersNotValid',
        'Programmed True Programmed',
        2,
        'Accepted True Accepted',
        'Programmed True Programmed',
        'ResolvedRefs True ResolvedRefs',
        0,
        'Accepted False UnsupportedProtocol',
        'Programmed False Invalid',
        'ResolvedRefs True ResolvedRefs',
      ]);
    const itsClass = await cluster.must<{ status: { conditions: Condition[] } }>(
      'GET',
      `${API}/gatewayclasses/${CLASS}`,
    );
    expect(shown(itsClass.status.conditions)).toContain('Accepted True Accepted');
  });

  it('needs a grant for a backend of another namespace, for as long as it stands', async () => {
    await served('shared', other);
    await create('httproutes', 'across', {
      parentRefs: [{ name: 'edge' }],
      rules: [{ backendRefs: [{ name: 'shared', namespace: other, port: 80 }] }],
    });
    await expect.poll(() => said('a.shop.test', '/'), CHANGE).toBe('500');
    await expect.poll(() => routeConditions('across'), CHANGE).toContain('ResolvedRefs False RefNotPermitted');
    const from = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace }];
    await create('referencegrants', 'grant', { from, to: [{ group: '', kind: 'Service', name: 'shared' }] }, other);
    await expect.poll(() => said('a.shop.test', '/'), CHANGE).toBe('shared');
    await expect.poll(() => routeConditions('across'), CHANGE).toContain('ResolvedRefs True ResolvedRefs');
    await cluster.must('DELETE', `/apis/gateway.networking.k8s.io/v1beta1/namespaces/${other}/referencegrants/grant`);
    await expect.poll(() => said('a.shop.test', '/'), CHANGE).toBe('500');
  });

  it('keeps the last good form of a route that asks for the impossible, and leaves other controllers’ words alone', async () => {
    await served('web');
    await create('httproutes', 'route', {
      parentRefs: [{ name: 'edge' }],
      rules: [{ backendRefs: [{ name: 'web', port: 80 }] }],
    });
    await expect.poll(() => said('a.shop.test', '/'), CHANGE).toBe('web');
    await expect.poll(() => routeConditions('route'), CHANGE).toContain('Accepted True Accepted');
    const before = await cluster.must<{ status: RouteStatus }>('GET', routePath('route'));
    const foreign = { ...before.status.parents?.[0], controllerName: 'other.test/controller' };
    await cluster.must('PATCH', `${routePath('route')}/status`, {
      status: { parents: [foreign, ...(before.status.parents ?? [])] },
    });
    const filters = [{ type: 'ExtensionRef', extensionRef: { group: 'x.test', kind: 'Thing', name: 'y' } }];
    const rules = [{ filters, backendRefs: [{ name: 'web', port: 80 }] }];
    await cluster.must('PATCH', routePath('route'), { spec: { rules } });
    await expect.poll(() => routeConditions('route'), CHANGE).toContain('Accepted False UnsupportedValue');
    expect(await said('a.shop.test', '/')).toBe('web');
    const after = await cluster.must<{ status: RouteStatus }>('GET', routePath('route'));
    expect(after.status.parents?.map(({ controllerName }) => controllerName)).toEqual([
      'other.test/controller',
      CONTROLLER,
    ]);
    await cluster.must('DELETE', routePath('route'));
    await expect.poll(() => said('a.shop.test', '/'), CHANGE).toBe('404');
  });
});
