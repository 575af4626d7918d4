import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminApi, ConfigurationEvents } from './admin-api.js';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

const POLICY = { rollback: { 'rollback-window': '30s', 'min-requests': 20 } };
const REQUESTS_A_SECOND = 50;

interface Rollback {
  readonly trigger: string;
  readonly keys: readonly { readonly configId: string }[];
  readonly detail: string;
}

/** Asks for a path at an even pace until it is stopped. */
class Traffic {
  readonly statuses: number[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(url: string) {
    this.timer = setInterval(() => void this.ask(url), 1_000 / REQUESTS_A_SECOND);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async ask(url: string): Promise<void> {
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    this.statuses.push(response?.status ?? 0);
  }
}

function routeYaml(id: string, uri: string): string {
  return `routes:\n  - id: ${id}\n    uri: ${uri}\n    predicates: ["Path=/${id}"]`;
}

describe('a change that makes requests fail', () => {
  let gateway: GatewayProcess;
  let admin: AdminApi;
  let events: ConfigurationEvents;
  let good: Upstream;
  let bad: Upstream;
  let traffic: Traffic[];

  beforeEach(async () => {
    traffic = [];
    good = await Upstream.saying('good');
    bad = await Upstream.started((_request, response) => response.writeHead(500).end());
    gateway = await GatewayProcess.started({
      tigateway: { 'update-policy': POLICY },
      routes: { 'f.yaml': routeYaml('from-file', good.url) },
    });
    admin = new AdminApi(gateway);
    await put('mine', good.url);
    await put('other', good.url);
    events = await ConfigurationEvents.of(gateway);
  });

  afterEach(async () => {
    for (const each of traffic) each.stop();
    events.close();
    await gateway.dispose();
    await Promise.all([good.stop(), bad.stop()]);
  });

  function put(id: string, uri: string): Promise<Response> {
    return admin.write('PUT', `/api/configuration/routes/${id}`, { id, uri, predicates: [`Path=/${id}`] });
  }

  function ask(id: string): void {
    traffic.push(new Traffic(`${gateway.url}/${id}`));
  }

  async function rollbacks(): Promise<readonly Rollback[]> {
    return (await admin.json<{ rollbacks: readonly Rollback[] }>('/actuator/configuration/status')).rollbacks;
  }

  /** @returns how long it took, in milliseconds */
  async function rolledBack(configId: string): Promise<number> {
    const startedMs = performance.now();
    await events.next((event) => event.type === 'configuration_rollback' && event['configId'] === configId);
    return performance.now() - startedMs;
  }

  it('by the API is taken back within ten seconds, and tells why', async () => {
    ask('mine');
    ask('other');
    await put('mine', bad.url);
    expect(await rolledBack('mine')).toBeLessThan(10_000);
    expect((await fetch(`${gateway.url}/mine`)).status).toBe(200);
    expect(await rollbacks()).toMatchObject([
      { trigger: 'auto', keys: [{ configId: 'mine' }], detail: expect.stringContaining('failed') as string },
    ]);
    expect((await admin.history('route', 'mine'))[0]).toMatchObject({ operation: 'rollback' });
    const metrics = await (await admin.get('/actuator/prometheus')).text();
    expect(metrics).toContain('tigateway_configuration_rollbacks_total{trigger="auto"} 1');
    await expect.poll(() => gateway.output).toContain('rolled back by itself');
  });

  it('by a file is taken back after a restart too, and stays barred', async () => {
    gateway.writeRoutes('f.yaml', routeYaml('from-file', bad.url));
    await events.next((event) => event['configId'] === 'from-file');
    events.close();
    await gateway.stop('SIGKILL');
    await gateway.start();
    events = await ConfigurationEvents.of(gateway);
    expect((await fetch(`${gateway.url}/from-file`)).status).toBe(500);
    ask('from-file');
    await rolledBack('from-file');
    expect((await fetch(`${gateway.url}/from-file`)).status).toBe(200);
    await admin.write('POST', '/api/configuration/refresh');
    expect((await fetch(`${gateway.url}/from-file`)).status).toBe(200);
    expect(await admin.json('/actuator/configuration/status')).toMatchObject({
      drift: true,
      held: [{ configId: 'from-file', source: 'file' }],
    });
  });

  it('is left alone where everything fails, or the client is to blame', async () => {
    const missing = await Upstream.started((_request, response) => response.writeHead(404).end());
    await put('other', missing.url);
    ask('other');
    await put('mine', good.url.replace('127.0.0.1', 'localhost'));
    ask('mine');
    ask('from-file');
    await good.stop();
    const enough = async (): Promise<void> => {
      while (traffic.some(({ statuses }) => statuses.length < 150)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await enough();
    expect(await rollbacks()).toEqual([]);
    await missing.stop();
  });
});
