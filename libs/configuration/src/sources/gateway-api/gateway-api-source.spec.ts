import type { Service } from '@tigateway/kubernetes';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../../test/builders/fake-clock.js';
import { ToldWatch } from '../kubernetes/told-watch.fixture.js';
import { GatewayApiCluster } from './gateway-api-cluster.js';
import { GatewayApiSource } from './gateway-api-source.js';
import { GatewayApiStatus } from './gateway-api-status.js';
import type { ServedProtocol } from './route-parents.js';
import type {
  Gateway,
  GatewayClass,
  HttpRoute,
  Namespace,
  ReferenceGrant,
  RouteParentStatus,
} from './gateway-api-types.js';

const CONTROLLER = 'tigateway.cn/gateway';

const gatewayClass = (controllerName = CONTROLLER): GatewayClass => ({
  metadata: { name: 'ours', uid: 'c', generation: 1 },
  spec: { controllerName },
});
const gateway = (...protocols: string[]): Gateway => ({
  metadata: { name: 'edge', namespace: 'infra', uid: 'g', generation: 2 },
  spec: {
    gatewayClassName: 'ours',
    listeners: protocols.map((protocol, at) => ({
      name: `l${at}`,
      port: 80 + at,
      protocol,
      allowedRoutes: { namespaces: { from: 'All' } },
    })),
  },
});
const httpRoute = (name: string, status: readonly RouteParentStatus[] = []): HttpRoute => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: '7', generation: 3 },
  spec: {
    parentRefs: [{ name: 'edge', namespace: 'infra' }],
    rules: [{ backendRefs: [{ name: 'web', namespace: 'common', port: 80 }] }],
  },
  ...(status.length > 0 && { status: { parents: status } }),
});
const web: Service = { metadata: { name: 'web', namespace: 'common' }, spec: { ports: [{ port: 80 }] } };
const grant: ReferenceGrant = {
  metadata: { name: 'grant', namespace: 'common' },
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }],
    to: [{ group: '', kind: 'Service' }],
  },
};

function watched(served: ServedProtocol = 'HTTP') {
  const watches = {
    classes: new ToldWatch<GatewayClass>(),
    gateways: new ToldWatch<Gateway>(),
    routes: new ToldWatch<HttpRoute>(),
    grants: new ToldWatch<ReferenceGrant>(),
    namespaces: new ToldWatch<Namespace>(),
    services: new ToldWatch<Service>(),
  };
  const clock = new FakeClock();
  const source = new GatewayApiSource(new GatewayApiCluster(watches, CONTROLLER, served), clock);
  const told: string[] = [];
  const started = source.start({
    deliver: ({ documents, removed, complete }) => {
      const uris = documents.flatMap((each) =>
        each.kind === 'objects' ? each.objects.map(({ configuration }) => (configuration as { uri: string }).uri) : [],
      );
      told.push([complete ? 'all' : '', ...uris, ...removed.map((name) => `-${name}`)].join(' ').trim());
      return Promise.resolve();
    },
    down: (reason) => void told.push(`down ${reason}`),
  });
  return { ...watches, source, told, started, clock };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

let cluster: ReturnType<typeof watched>;
beforeEach(() => (cluster = watched()));

describe('the source of HTTPRoutes', () => {
  it('follows all that a route depends on', async () => {
    const { classes, gateways, routes, grants, namespaces, services, told, started, source } = cluster;
    routes.list(httpRoute('a'));
    for (const empty of [classes, gateways, grants, namespaces, services]) empty.list();
    await started;
    const steps = [
      () => gateways.put(gateway('HTTP')),
      () => classes.put(gatewayClass()),
      () => services.put(web),
      () => grants.put(grant),
      () => namespaces.put({ metadata: { name: 'shop' } }),
      () => services.remove('common/web'),
      () => gateways.put(gateway('TLS')),
    ];
    for (const step of steps) {
      step();
      await turns();
    }
    expect(told).toEqual(['all', 'no://op', 'lb://web.common:80', 'no://op', '-shop/a']);
    await source.stop();
  });
});

describe('the status', () => {
  async function statusOf(others: readonly RouteParentStatus[] = [], ...protocols: string[]) {
    const { classes, gateways, routes, grants, namespaces, services, started, source, clock } = cluster;
    const leadership = { isLeader: false, onChange: () => () => undefined };
    const client = { patch: () => Promise.reject(new Error('nothing is written here')) };
    const status = new GatewayApiStatus(source, ['192.0.2.1', 'edge.test'], {
      client,
      leadership,
      clock,
      failed: () => undefined,
    });
    classes.list(gatewayClass());
    gateways.list(gateway(...(protocols.length > 0 ? protocols : ['HTTP', 'HTTPS'])));
    routes.list(httpRoute('a', others), httpRoute('b'));
    grants.list();
    services.list(web);
    namespaces.list();
    await started;
    await turns();
    clock.advance(500);
    await turns();
    return status;
  }

  it('of a GatewayClass says that it is ours', async () => {
    const wish = (await statusOf()).wish('GatewayClass ours');
    expect(wish).toMatchObject({
      isWritten: false,
      status: { conditions: [{ type: 'Accepted', status: 'True', observedGeneration: 1 }] },
    });
  });

  it('of a Gateway says which listeners are served, and counts their routes', async () => {
    const wish = (await statusOf()).wish('Gateway infra/edge');
    expect(wish?.status).toMatchObject({
      addresses: [
        { type: 'IPAddress', value: '192.0.2.1' },
        { type: 'Hostname', value: 'edge.test' },
      ],
      conditions: [
        { type: 'Accepted', status: 'True', reason: 'ListenersNotValid', message: 'not served: l1' },
        { type: 'Programmed', status: 'True' },
      ],
      listeners: [
        {
          name: 'l0',
          attachedRoutes: 2,
          conditions: [{ status: 'True' }, { status: 'True' }, { type: 'ResolvedRefs', status: 'True' }],
        },
        {
          name: 'l1',
          attachedRoutes: 0,
          conditions: [{ status: 'False', reason: 'UnsupportedProtocol' }, { status: 'False' }, {}],
        },
      ],
    });
  });

  it('of a Gateway whose clients speak TLS has its HTTPS listeners served, and no others', async () => {
    cluster = watched('HTTPS');
    const wish = (await statusOf()).wish('Gateway infra/edge');
    const { listeners } = wish?.status as unknown as NonNullable<Gateway['status']>;
    const accepted = listeners?.map(({ attachedRoutes, conditions }) => [attachedRoutes, conditions[0]?.status]);
    expect(accepted).toEqual([
      [0, 'False'],
      [2, 'True'],
    ]);
  });

  it('of a Gateway without any listener that is served says so', async () => {
    const wish = (await statusOf([], 'TCP')).wish('Gateway infra/edge');
    expect(wish?.status).toMatchObject({
      conditions: [
        { type: 'Accepted', status: 'False' },
        { type: 'Programmed', status: 'False' },
      ],
    });
  });

  it('of an HTTPRoute leaves what other controllers say, and keeps the time of what is as it was', async () => {
    const conditions = (status: 'True' | 'False') => [
      {
        type: 'Accepted',
        status,
        observedGeneration: 3,
        reason: 'x',
        message: 'y',
        lastTransitionTime: '2020-01-01T00:00:00Z',
      },
    ];
    const other = { parentRef: { name: 'other' }, controllerName: 'x.test/y', conditions: conditions('False') };
    const own = {
      parentRef: { name: 'edge', namespace: 'infra' },
      controllerName: CONTROLLER,
      conditions: conditions('True'),
    };
    const gone = { ...own, parentRef: { name: 'gone' } };
    const wish = (await statusOf([other, gone, own])).wish('HTTPRoute shop/a');
    expect(wish).toMatchObject({ isWritten: false, uid: 'a', resourceVersion: '7', namespace: 'shop' });
    const { parents } = wish?.status as { parents: readonly RouteParentStatus[] };
    expect(parents.map(({ parentRef }) => parentRef.name)).toEqual(['other', 'edge']);
    expect(parents[1]?.conditions).toMatchObject([
      { type: 'Accepted', status: 'True', reason: 'Accepted', lastTransitionTime: '2020-01-01T00:00:00Z' },
      { type: 'ResolvedRefs', status: 'False', reason: 'RefNotPermitted' },
    ]);
    expect(parents[1]?.conditions[1]?.lastTransitionTime).not.toBe('2020-01-01T00:00:00Z');
  });

  it('says nothing of what is none of ours', async () => {
    const status = await statusOf();
    cluster.classes.put(gatewayClass('x.test/y'));
    const keys = ['GatewayClass ours', 'Gateway infra/edge', 'HTTPRoute shop/a', 'HTTPRoute shop/gone'];
    expect(keys.map((key) => status.wish(key))).toEqual([undefined, undefined, undefined, undefined]);
    expect([...status.keys()]).toEqual([
      'GatewayClass ours',
      'Gateway infra/edge',
      'HTTPRoute shop/a',
      'HTTPRoute shop/b',
    ]);
  });

  it('is not written anew where it says so already', async () => {
    const status = await statusOf();
    for (const [key, put] of [
      ['GatewayClass ours', (written: object) => cluster.classes.put({ ...gatewayClass(), status: written })],
      [
        'Gateway infra/edge',
        (written: object) => cluster.gateways.put({ ...gateway('HTTP', 'HTTPS'), status: written }),
      ],
      ['HTTPRoute shop/a', (written: object) => cluster.routes.put({ ...httpRoute('a'), status: written })],
    ] as const) {
      const wish = status.wish(key);
      expect(wish?.isWritten).toBe(false);
      put(wish?.status as object);
      expect(status.wish(key)).toMatchObject({ isWritten: true, mark: wish?.mark });
    }
  });
});
