import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { ClusterAccess } from './cluster-access.js';
import { ServedService } from './served-service.js';

const cluster = ClusterAccess.shared();
const cleanups: (() => Promise<unknown>)[] = [];
/** Only a hang takes as long. */
const CHANGE = { timeout: 60_000 };
let own: string;
let other: string;

beforeEach(async () => {
  own = await cluster.namespace('own');
  other = await cluster.namespace('other');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => cluster.close());

async function served(
  ...args: Parameters<typeof ServedService.created> extends [unknown, ...infer Rest] ? Rest : never
) {
  const service = await ServedService.created(cluster, ...args);
  cleanups.push(() => service.stop());
  return service;
}

async function gatewayWith(routes: readonly object[], discovery: object = {}): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.prepare({
    tigateway: {
      kubernetes: { kubeconfig: cluster.kubeconfig, namespace: own },
      discovery: {
        kubernetes: { enabled: true, namespaces: [own, other], 'label-selector': 'edge=yes' },
        ...discovery,
      },
      services: { listed: ['http://127.0.0.1:9'] },
    },
    routes: { 'routes.json': JSON.stringify({ routes }) },
  });
  cleanups.push(() => gateway.dispose());
  await gateway.start();
  return gateway;
}

const route = (id: string, uri: string): object => ({ id, uri, predicates: [`Path=/${id}/**`] });

async function ask(gateway: GatewayProcess, path: string): Promise<string> {
  const response = await fetch(gateway.url + path);
  const text = await response.text();
  return response.ok ? text : String(response.status);
}

describe('lb://', () => {
  it('leads to a Service by its name, its namespace and its port', async () => {
    await served(own, 'web', ['own-pod']);
    await served(other, 'web', ['other-pod']);
    await served(other, 'only', ['only-pod']);
    await cluster.must('POST', `/api/v1/namespaces/${own}/services`, {
      metadata: { name: 'outside' },
      spec: { type: 'ExternalName', externalName: 'example.com' },
    });
    const gateway = await gatewayWith([
      route('a', 'lb://web'),
      route('b', `lb://web.${other}`),
      route('c', `lb://web.${other}:http`),
      route('d', 'lb://only:80'),
      route('e', 'lb://web:81'),
      route('f', 'lb://outside'),
      route('g', 'lb://nobody'),
    ]);
    const answers = await Promise.all([...'abcdefg'].map((id) => ask(gateway, `/${id}/`)));
    expect(answers).toEqual(['own-pod', 'other-pod', 'other-pod', 'only-pod', '503', '503', '503']);
    await expect.poll(() => gateway.output).toContain('is an ExternalName');
  });

  it('loses no request while pods come and go: who terminates is out at once and finishes what it has', async () => {
    const service = await served(own, 'web', ['first']);
    const waiting: ServerResponse[] = [];
    await service.add('slow', (request, response) => {
      if (request.url === '/a/slow') waiting.push(response);
      else response.end('slow');
    });
    const gateway = await gatewayWith([route('a', 'lb://web')]);
    const seen = async (): Promise<string> =>
      [...new Set(await Promise.all(Array.from({ length: 6 }, () => ask(gateway, '/a/'))))].sort().join(' ');
    expect(await seen()).toBe('first slow');

    // Both have their turns: two at once reach both.
    const pair = [ask(gateway, '/a/slow'), ask(gateway, '/a/slow')];
    await expect.poll(() => waiting.length, CHANGE).toBe(1);
    await service.set('slow', { ready: false, serving: true, terminating: true });
    await expect.poll(seen, { ...CHANGE, interval: 10 }).toBe('first');
    await service.remove('slow');
    waiting[0]?.end('finished');
    expect((await Promise.all(pair)).sort()).toEqual(['finished', 'first']);

    let stopped = false;
    const answers: string[] = [];
    const traffic = (async () => {
      while (!stopped) answers.push(await ask(gateway, '/a/'));
    })();
    for (let round = 0; round < 3; round++) {
      await service.add(`new-${round}`);
      await expect.poll(() => answers.includes(`new-${round}`), { ...CHANGE, interval: 5 }).toBe(true);
      await service.set(`new-${round}`, { ready: false, serving: true, terminating: true });
      await expect.poll(seen, { ...CHANGE, interval: 5 }).toBe('first');
      await service.stopPod(`new-${round}`);
      await service.remove(`new-${round}`);
    }
    stopped = true;
    await traffic;
    expect(answers.filter((answer) => /^\d+$/.test(answer))).toEqual([]);
  });

  it('has a route for each Service with the label', async () => {
    await served(own, 'orders', ['orders-pod'], { edge: 'yes' });
    await served(other, 'users', ['users-pod'], { edge: 'yes' });
    await served(own, 'inner', ['inner-pod']);
    const gateway = await gatewayWith([], { locator: { enabled: true } });
    const answers = await Promise.all(['orders', `users.${other}`, 'inner'].map((name) => ask(gateway, `/${name}/x`)));
    expect(answers).toEqual(['orders-pod', 'users-pod', '404']);
    await served(own, 'later', ['later-pod'], { edge: 'yes' });
    await expect.poll(() => ask(gateway, '/later/x'), CHANGE).toBe('later-pod');
    await cluster.must('DELETE', `/api/v1/namespaces/${own}/services/later`);
    await expect.poll(() => ask(gateway, '/later/x'), CHANGE).toBe('404');
  });
});
