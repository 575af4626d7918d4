import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '@tigateway/model';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { RetryFilterFactory } from '../retry/retry.filter.js';
import { deadPort } from '../testing/scripted-upstream.js';
import { Traffic } from '../testing/traffic.js';
import { RequestMirrorFilterFactory } from './request-mirror.filter.js';

let traffic: Traffic;
let clock: FakeClock;
beforeEach(async () => {
  clock = new FakeClock();
  const services = { mirrors: ['http://127.0.0.1:1'] };
  traffic = await Traffic.start([new RequestMirrorFilterFactory(), new RetryFilterFactory()], { clock, services });
});
afterEach(() => traffic.stop());

const route = (uri: string, ...filters: readonly Json[]) => ({ id: 'r', uri, predicates: ['Path=/**'], filters });
const mirrorTo = (uri: string, more: Record<string, Json> = {}): Json => ({
  name: 'RequestMirror',
  args: { uri, ...more },
});

describe('RequestMirror', () => {
  it('sends what earlier filters made of the request to another upstream too', async () => {
    const [upstream, mirror] = [await traffic.upstream(), await traffic.upstream([500])];
    const filters = ['StripPrefix=1', 'AddRequestHeader=X-A,b', mirrorTo(mirror.url), 'AddRequestHeader=X-Later,c'];
    await traffic.routes.put(route(upstream.url, ...filters));
    expect(await traffic.status('/a/b?q=1', { headers: { 'X-Own': 'd' } })).toBe(200);
    await mirror.asked(1);
    const [seen] = mirror.requests;
    expect(seen).toMatchObject({ method: 'GET', url: '/b?q=1', headers: { 'x-a': 'b', 'x-own': 'd' } });
    expect(seen?.headers['x-later']).toBeUndefined();
    expect(seen?.headers.host).toBe(new URL(mirror.url).host);
    expect(upstream.requests[0]?.headers['x-later']).toBe('c');
  });

  it('copies bodies up to the limit, and leaves larger ones as they are', async () => {
    const [upstream, mirror] = [await traffic.upstream(), await traffic.upstream()];
    await traffic.routes.put(route(upstream.url, mirrorTo(mirror.url, { bufferLimit: '10B' })));
    for (const body of ['0123456789', '0123456789a', 'end'])
      expect(await traffic.status('/', { method: 'POST', body })).toBe(200);
    await mirror.asked(2);
    expect(mirror.requests.map(({ body }) => body)).toEqual(['0123456789', 'end']);
    expect(upstream.requests.map(({ body }) => body)).toEqual(['0123456789', '0123456789a', 'end']);
  });

  it('has no bearing on the request, whatever the mirror does', async () => {
    const upstream = await traffic.upstream();
    const silent = await traffic.upstream(() => undefined);
    for (const uri of [silent.url, `http://127.0.0.1:${await deadPort()}`, 'lb://nobody', 'lb://mirrors']) {
      await traffic.routes.put(route(upstream.url, mirrorTo(uri)));
      expect(await traffic.status()).toBe(200);
    }
  });

  it('gives up a copy that takes too long, and copies no more than it can have under way', async () => {
    const upstream = await traffic.upstream();
    const silent = await traffic.upstream(() => undefined);
    await traffic.routes.put(route(upstream.url, mirrorTo(silent.url, { timeout: '1s' })));
    for (let at = 0; at < 130; at++) await traffic.status(`/${at}`);
    await silent.asked(128);
    clock.advance(1_000);
    await traffic.status('/after');
    await silent.asked(129);
    expect(silent.paths.filter((path) => ['/128', '/129', '/after'].includes(path))).toEqual(['/after']);
  });

  it('copies its share, once however often the upstream is asked', async () => {
    const upstream = await traffic.upstream([503, 503, 200]);
    const [mirror, none] = [await traffic.upstream(), await traffic.upstream()];
    await traffic.routes.put(route(upstream.url, 'Retry=3', mirrorTo(mirror.url), mirrorTo(none.url, { percent: 0 })));
    expect(await traffic.status('/retried')).toBe(200);
    expect(await traffic.status('/next')).toBe(200);
    await mirror.asked(2);
    expect(mirror.paths).toEqual(['/retried', '/next']);
    expect(none.paths).toEqual([]);
    expect(upstream.paths).toHaveLength(4);
  });

  it('is work of the instance that gets it, as any other request', async () => {
    const [upstream, silent] = [await traffic.upstream(), await traffic.upstream(() => undefined)];
    const services = { mirrors: [silent.url] };
    const balanced = await Traffic.start([new RequestMirrorFilterFactory()], { clock, services });
    await balanced.routes.put(route(upstream.url, mirrorTo('lb://mirrors', { timeout: '1s' })));
    const mirrors = () => balanced.gateway.plane.services.find(({ name }) => name === 'mirrors')?.instances[0];
    await balanced.status();
    await silent.asked(1);
    expect(mirrors()).toMatchObject({ active: 1, requests: 1 });
    clock.advance(1_000);
    expect(mirrors()).toMatchObject({ active: 0, requests: 1 });
    await balanced.stop();
  });

  it.each<[string, Record<string, Json>]>([
    ['no URI', { uri: 'mirror' }],
    ['a path', { uri: 'http://a.test/x' }],
    ['a WebSocket', { uri: 'ws://a.test' }],
    ['a WebSocket behind a service', { uri: 'lb:ws://a' }],
  ])('refuses %s', (_, args) => {
    expect(traffic.routes.refusals({ name: 'RequestMirror', args })).toEqual(['invalid-argument /filters/0/args/uri']);
  });

  it('refuses a share that is none, and shows itself', () => {
    const refused = traffic.routes.refusals(mirrorTo('lb://a', { percent: 101 }));
    expect(refused).toEqual(['constraint /filters/0/args/percent']);
    expect(traffic.routes.text('RequestMirror=lb://a,12.5')).toBe("[RequestMirror uri = 'lb://a', percent = 12.5]");
  });
});
