import { request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { ClusterAccess } from './cluster-access.js';
import { ServedService } from './served-service.js';

const cluster = ClusterAccess.shared();
const cleanups: (() => Promise<unknown>)[] = [];
const CLASSES = '/apis/networking.k8s.io/v1/ingressclasses';
/** Classes have no namespace: one of this run's own. */
const CLASS = `edge-${Date.now()}`;
/** Only a hang takes as long. */
const CHANGE = { timeout: 60_000 };
let namespace: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  await cluster.must('POST', CLASSES, { metadata: { name: CLASS }, spec: { controller: 'tigateway.cn/ingress' } });
});

beforeEach(async () => {
  namespace = await cluster.namespace();
  gateway = await GatewayProcess.started({
    tigateway: {
      kubernetes: { kubeconfig: cluster.kubeconfig, namespace },
      sources: {
        ingress: { enabled: true, namespaces: [namespace], addresses: ['192.0.2.1', 'edge.test'] },
        file: { enabled: false },
      },
    },
  });
  cleanups.push(() => gateway.dispose());
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(async () => {
  await cluster.must('DELETE', `${CLASSES}/${CLASS}`);
  await cluster.close();
});

async function served(...names: string[]): Promise<void> {
  for (const name of names) {
    const service = await ServedService.created(cluster, namespace, name);
    cleanups.push(() => service.stop());
  }
}

const ingresses = (): string => `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
const to = (name: string, port: object = { number: 80 }): object => ({ service: { name, port } });

async function created(name: string, spec: object): Promise<void> {
  await cluster.must('POST', ingresses(), { metadata: { name }, spec });
}

async function ask(host: string, path: string): Promise<string> {
  const { statusCode, body } = await request(gateway.url + path, { headers: { host } });
  const text = await body.text();
  return statusCode === 200 ? text : String(statusCode);
}

const answers = (...asked: [host: string, path: string][]): Promise<string[]> =>
  Promise.all(asked.map(([host, path]) => ask(host, path)));

describe('an Ingress', () => {
  it('brings its paths to its Services by host, the longest first, exact before prefix, the rest to its default', async () => {
    await served('web', 'api', 'docs', 'tenants', 'fallback');
    await created('shop', {
      ingressClassName: CLASS,
      defaultBackend: to('fallback'),
      tls: [{ hosts: ['shop.test'], secretName: 'never-read' }],
      rules: [
        {
          host: 'shop.test',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: to('web') },
              { path: '/api', pathType: 'Prefix', backend: to('api', { name: 'http' }) },
              { path: '/api', pathType: 'Exact', backend: to('docs') },
            ],
          },
        },
        { host: '*.shop.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: to('tenants') }] } },
      ],
    });
    await expect.poll(() => ask('shop.test', '/'), CHANGE).toBe('web');
    expect(
      await answers(
        ['shop.test', '/api'],
        ['shop.test', '/api/'],
        ['shop.test', '/api/x'],
        ['shop.test', '/apix'],
        ['SHOP.test:8080', '/'],
        ['a.shop.test', '/api'],
        ['a.b.shop.test', '/'],
        ['elsewhere.test', '/'],
      ),
    ).toEqual(['docs', 'api', 'api', 'web', 'web', 'tenants', 'fallback', 'fallback']);
  });

  it('says where the gateway is reached, once it is ours', async () => {
    await served('web');
    await created('ours', { ingressClassName: CLASS, defaultBackend: to('web') });
    await created('others', { ingressClassName: 'nginx', defaultBackend: to('web') });
    const status = async (name: string): Promise<unknown> => {
      const found = await cluster.must<{ status: { loadBalancer?: unknown } }>('GET', `${ingresses()}/${name}`);
      return found.status.loadBalancer;
    };
    const expected = { ingress: [{ ip: '192.0.2.1' }, { hostname: 'edge.test' }] };
    await expect.poll(() => status('ours'), CHANGE).toEqual(expected);
    expect(await status('others')).toEqual({});
  });

  it('goes when it goes, or when its class does', async () => {
    await served('web');
    await created('ours', { ingressClassName: CLASS, defaultBackend: to('web') });
    await expect.poll(() => ask('a.test', '/'), CHANGE).toBe('web');
    await cluster.must('PATCH', `${ingresses()}/ours`, { spec: { ingressClassName: 'nginx' } });
    await expect.poll(() => ask('a.test', '/'), CHANGE).toBe('404');
    await cluster.must('PATCH', `${ingresses()}/ours`, { spec: { ingressClassName: CLASS } });
    await expect.poll(() => ask('a.test', '/'), CHANGE).toBe('web');
    await cluster.must('DELETE', `${ingresses()}/ours`);
    await expect.poll(() => ask('a.test', '/'), CHANGE).toBe('404');
  });

  it('that asks for the impossible keeps what it was, and harms no other', async () => {
    await served('web');
    await created('ours', { ingressClassName: CLASS, defaultBackend: to('web') });
    await expect.poll(() => ask('a.test', '/'), CHANGE).toBe('web');
    const paths = [{ path: '/a;b', pathType: 'ImplementationSpecific', backend: to('web') }];
    await cluster.must('PATCH', `${ingresses()}/ours`, {
      spec: { defaultBackend: null, rules: [{ http: { paths } }] },
    });
    await created('later', {
      ingressClassName: CLASS,
      rules: [{ host: 'later.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: to('nobody') }] } }],
    });
    await expect.poll(() => ask('later.test', '/'), CHANGE).toBe('503');
    expect(await ask('a.test', '/')).toBe('web');
    const status = await fetch(`${gateway.adminUrl}/actuator/configuration/status`);
    expect(await status.text()).toContain('a segment of a path cannot hold');
  });
});
