import { EventEmitter, once } from 'node:events';
import { renameSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayProcess, type GatewayProcessOptions } from './gateway-process.js';
import { Upstream } from './upstream.js';

const disposables: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const dispose of disposables.splice(0).reverse()) await dispose();
});

async function prepared(options?: GatewayProcessOptions): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.prepare(options);
  disposables.push(() => gateway.dispose());
  return gateway;
}

describe('a start', () => {
  it('takes traffic as soon as it says that it is ready', async () => {
    const upstream = await Upstream.saying('hello');
    disposables.push(() => upstream.stop());
    const routes = `routes: [{ id: a, uri: "${upstream.url}", predicates: ["Path=/a"] }]`;
    const gateway = await prepared({ routes: { 'a.yaml': routes } });
    await gateway.start();

    const response = await fetch(`${gateway.url}/a`);
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
  });

  it('is ready on its last good state, whether or not its files are there', async () => {
    const upstream = await Upstream.saying('hello');
    disposables.push(() => upstream.stop());
    const routes = `routes: [{ id: a, uri: "${upstream.url}", predicates: ["Path=/a"] }]`;
    const gateway = await prepared({ routes: { 'a.yaml': routes } });
    await gateway.start();
    await gateway.stop();
    renameSync(join(gateway.folder, 'routes'), join(gateway.folder, 'elsewhere'));
    await gateway.start();

    expect(await (await fetch(`${gateway.url}/a`)).text()).toBe('hello');
    const health = (await (await fetch(`${gateway.adminUrl}/actuator/health`)).json()) as object;
    expect(health).toMatchObject({ status: 'UP', components: { sources: { details: { file: { state: 'stale' } } } } });
  });

  it('shows every component in its health', async () => {
    const gateway = await prepared();
    await gateway.start();
    const health = (await (await fetch(`${gateway.adminUrl}/actuator/health`)).json()) as Record<string, object>;
    expect(health).toMatchObject({
      status: 'UP',
      components: {
        livenessState: { status: 'UP' },
        readinessState: { status: 'UP' },
        sources: { status: 'UP', details: { file: { state: 'up' } } },
        dataPlane: { status: 'UP' },
      },
    });
  });

  it.each<[string, GatewayProcessOptions, RegExp]>([
    ['an unknown key', { server: { prot: 1 } }, /tigateway\.yml:1:\d+: unknown property "prot"/],
    ['a wrong type', { tigateway: { store: 'disk' } }, /tigateway\.yml:1:\d+: expected one of embedded, kubernetes/],
    ['an open admin server', { management: { address: '0.0.0.0' } }, /without a token/],
    ['ConfigMaps of any label', { tigateway: { sources: { configmap: { 'label-selector': '' } } } }, /label-selector/],
    ['custom resources of no namespace', { tigateway: { sources: { crd: { namespaces: [] } } } }, /namespaces/],
    ['a bad variable', { environment: { TIGATEWAY_SERVER_PORT: 'x' } }, /TIGATEWAY_SERVER_PORT: expected a whole/],
    ['a bad update policy', { tigateway: { 'update-policy': { update: { strategy: 'slow' } } } }, /expected one of/],
  ])('is refused for %s, in one line', async (_, options, message) => {
    const gateway = await prepared(options);
    expect(await gateway.run()).toBe(1);
    expect(gateway.output.trim().split('\n')).toHaveLength(1);
    expect(gateway.output).toMatch(message);
  });

  it('names the address that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    disposables.push(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    for (const options of [{ server: { port } }, { management: { port } }]) {
      const gateway = await prepared({ ...options, tigateway: { 'log-level': 'error' } });
      expect(await gateway.run()).toBe(1);
      expect(gateway.output).toBe(`tigateway did not start: 127.0.0.1:${port} is in use by another process\n`);
    }
  });

  it('is refused while another process owns the data folder', async () => {
    const owner = await prepared();
    await owner.start();
    const second = await prepared({ tigateway: { 'data-dir': join(owner.folder, 'data'), 'log-level': 'error' } });
    expect(await second.run()).toBe(1);
    expect(second.output.trim().split('\n')).toHaveLength(1);
    expect(second.output).toContain(join(owner.folder, 'data'));
  });
});

describe('a stop', () => {
  it('is seen by the readiness probe before the traffic ends, and lets a request under way finish', async () => {
    const arrivals = new EventEmitter();
    const upstream = await Upstream.started((_request, response) => arrivals.emit('request', response));
    disposables.push(() => upstream.stop());
    const gateway = await prepared({
      routes: { 'a.yaml': `routes: [{ id: a, uri: "${upstream.url}", predicates: ["Path=/a"] }]` },
    });
    await gateway.start();
    const arrival = once(arrivals, 'request') as Promise<[ServerResponse]>;
    const answer = fetch(`${gateway.url}/a`);
    const [response] = await arrival;

    const ended = gateway.stop();
    let readiness = 200;
    while (readiness !== 503) readiness = (await fetch(`${gateway.adminUrl}/actuator/health/readiness`)).status;
    response.end('late');

    expect(await (await answer).text()).toBe('late');
    expect(await ended).toBe(0);
  });

  it('does not wait for ever', async () => {
    const upstream = await Upstream.started(() => undefined);
    disposables.push(() => upstream.stop());
    const gateway = await prepared({
      server: { 'drain-timeout': '200ms' },
      routes: { 'a.yaml': `routes: [{ id: a, uri: "${upstream.url}", predicates: ["Path=/a"] }]` },
    });
    await gateway.start();
    const answer = fetch(`${gateway.url}/a`).catch((error: unknown) => error);
    while ((await inFlight(gateway)) === 0);

    expect(await gateway.stop()).toBe(0);
    expect(await answer).toBeInstanceOf(Error);
  });

  it('is forced by a second signal', async () => {
    const upstream = await Upstream.started(() => undefined);
    disposables.push(() => upstream.stop());
    const gateway = await prepared({
      routes: { 'a.yaml': `routes: [{ id: a, uri: "${upstream.url}", predicates: ["Path=/a"] }]` },
    });
    await gateway.start();
    const answer = fetch(`${gateway.url}/a`).catch((error: unknown) => error);
    while ((await inFlight(gateway)) === 0);

    const ended = gateway.stop();
    while ((await fetch(`${gateway.adminUrl}/actuator/health/readiness`)).status !== 503);
    process.kill(gateway.pid, 'SIGINT');

    expect(await ended).toBe(1);
    expect(await answer).toBeInstanceOf(Error);
  });
});

interface HealthAnswer {
  readonly components: { readonly dataPlane: { readonly details: { readonly inFlight: number } } };
}

async function inFlight(gateway: GatewayProcess): Promise<number> {
  const health = (await (await fetch(`${gateway.adminUrl}/actuator/health`)).json()) as HealthAnswer;
  return health.components.dataPlane.details.inFlight;
}
