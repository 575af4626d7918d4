import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { AdminApi } from './admin-api.js';
import { DescribedApi } from './described-api.js';
import { ENGINES, GatewayProcess, type GatewayProcessOptions } from './gateway-process.js';
import { Upstream } from './upstream.js';

/** Longer than a process that hangs is waited for. */
const HANG_LIMIT_MS = 15_000;

interface Worker {
  readonly worker: number;
  readonly pid: number;
  readonly state: string;
  readonly sequence: number;
}

const disposables: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const dispose of disposables.splice(0).reverse()) await dispose();
});

interface Started {
  readonly gateway: GatewayProcess;
  readonly admin: AdminApi;
  readonly upstream: Upstream;
}

async function started({ server, ...options }: GatewayProcessOptions = {}): Promise<Started> {
  const upstream = await Upstream.started((request, response) => {
    response.writeHead(request.url?.endsWith('/fails') ? 500 : 200).end(request.url);
  });
  disposables.push(() => upstream.stop());
  const gateway = await GatewayProcess.prepare({ server: { workers: 2, ...server }, ...options });
  disposables.push(() => gateway.dispose());
  gateway.writeRoutes('a.yaml', `routes: [{ id: a, uri: "${upstream.url}", predicates: ["Path=/a/**"] }]`);
  await gateway.start();
  return { gateway, admin: new AdminApi(gateway), upstream };
}

/** One request; without an agent it has a connection of its own. */
function ask(url: string, agent: Agent | false = false): Promise<IncomingMessage & { readonly body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      text(response).then((body) => resolve(Object.assign(response, { body })), reject);
    });
    request.on('error', reject);
  });
}

function askOften(url: string, times: number): Promise<(number | undefined)[]> {
  return Promise.all(Array.from({ length: times }, async () => (await ask(url)).statusCode));
}

async function workersOf(admin: AdminApi): Promise<readonly Worker[]> {
  return (await admin.json<{ workers: readonly Worker[] }>('/actuator/workers')).workers;
}

/** The workers as soon as this is true of them. */
async function workersWhen(admin: AdminApi, isTrue: (workers: readonly Worker[]) => boolean): Promise<void> {
  while (!isTrue(await workersOf(admin)));
}

const pidsOf = (workers: readonly Worker[]): number[] => workers.map(({ pid }) => pid);
const serving = (workers: readonly Worker[]): readonly Worker[] => workers.filter(({ state }) => state === 'serving');

/** The sum of a metric's series of the route `a`. */
async function counted(admin: AdminApi): Promise<number> {
  const scraped = await (await admin.get('/actuator/prometheus')).text();
  const lines = scraped.match(/^spring_cloud_gateway_requests_seconds_count\{routeId="a".*\} \d+$/gm) ?? [];
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Asks without a pause on connections that it keeps, until it is stopped. Nothing is asked twice. */
class KeptConnections {
  private readonly agent: Agent;
  private readonly asking: Promise<void>[];
  private isStopped = false;
  answers = 0;
  readonly failures: string[] = [];
  readonly statuses = new Set<number | undefined>();

  constructor(
    readonly url: string,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.asking = Array.from({ length: connections }, () => this.askOn());
  }

  /** Settles when so many more have been answered, or failed. */
  async more(count: number): Promise<void> {
    const until = this.answers + count;
    while (this.answers < until) await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.asking);
    this.agent.destroy();
  }

  private async askOn(): Promise<void> {
    while (!this.isStopped) {
      try {
        this.statuses.add((await ask(this.url, this.agent)).statusCode);
      } catch (error) {
        this.failures.push(String(error));
      }
      this.answers++;
    }
  }
}

describe('a change', () => {
  it('is in force in every worker before it is answered', async () => {
    const { gateway, admin, upstream } = await started({ server: { workers: 3 } });
    for (let round = 1; round <= 10; round++) {
      await admin.write('PUT', '/api/configuration/routes/b', {
        id: 'b',
        uri: upstream.url,
        predicates: ['Path=/b'],
        filters: [`SetPath=/round/${round}`],
      });
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(`${gateway.url}/b`)));
      expect(new Set(answers.map(({ body }) => body))).toEqual(new Set([`/round/${round}`]));
    }
    await admin.write('DELETE', '/api/configuration/routes/b');
    expect(new Set(await askOften(`${gateway.url}/b`, 50))).toEqual(new Set([404]));
    const workers = await workersOf(admin);
    expect(workers.map(({ worker }) => worker)).toEqual([1, 2, 3]);
    expect(new Set(workers.map(({ sequence }) => sequence)).size).toBe(1);
  });

  it('is taken back by itself for what goes wrong in workers', async () => {
    const { gateway, admin, upstream } = await started({
      tigateway: { 'update-policy': { rollback: { 'rollback-window': '30s', 'min-requests': 20 } } },
    });
    const route = { id: 'b', uri: upstream.url, predicates: ['Path=/b'] };
    await admin.write('PUT', '/api/configuration/routes/b', route);
    await askOften(`${gateway.url}/b`, 30);
    await admin.write('PUT', '/api/configuration/routes/b', { ...route, filters: ['SetPath=/fails'] });
    const load = new KeptConnections(`${gateway.url}/b`, 4);
    let rollbacks: readonly object[] = [];
    while (rollbacks.length === 0) {
      ({ rollbacks } = await admin.json<{ rollbacks: readonly object[] }>('/actuator/configuration/status'));
    }
    await load.stop();
    expect(rollbacks).toMatchObject([{ trigger: 'auto', keys: [{ configId: 'b' }] }]);
    expect(new Set(await askOften(`${gateway.url}/b`, 20))).toEqual(new Set([200]));
  });

  it('does not wait for ever for a worker that hangs, which serves no more', async () => {
    const { gateway, admin, upstream } = await started();
    const [hanging] = await workersOf(admin);
    process.kill(hanging?.pid ?? 0, 'SIGSTOP');
    const startedMs = performance.now();
    await admin.write('PUT', '/api/configuration/routes/b', { uri: upstream.url, predicates: ['Path=/b'] });
    expect(performance.now() - startedMs).toBeLessThan(HANG_LIMIT_MS);
    expect(new Set(await askOften(`${gateway.url}/b`, 20))).toEqual(new Set([200]));
    await workersWhen(
      admin,
      (workers) => serving(workers).length === 2 && !pidsOf(workers).includes(hanging?.pid ?? 0),
    );
    expect(new Set(await askOften(`${gateway.url}/b`, 20))).toEqual(new Set([200]));
    await expect.poll(() => gateway.output).toMatch(/worker 1 \(\d+\) has not answered/);
  });
});

describe('what workers count', () => {
  it('is added up exactly, in the scrape and in the actuator', async () => {
    const { gateway, admin } = await started();
    expect(new Set(await askOften(`${gateway.url}/a/x`, 200))).toEqual(new Set([200]));
    expect(await counted(admin)).toBe(200);
    await askOften(`${gateway.url}/a/fails`, 20);
    expect(await counted(admin)).toBe(220);
    const metric = await admin.json<{ measurements: readonly { statistic: string; value: number }[] }>(
      '/actuator/metrics/spring.cloud.gateway.requests.seconds',
    );
    expect(metric.measurements.find(({ statistic }) => statistic === 'COUNT')?.value).toBe(220);
  });

  it('goes on where one is killed, and nobody but its own requests suffers', async () => {
    const { gateway, admin, upstream } = await started();
    await admin.write('PUT', '/api/configuration/routes/b', { uri: upstream.url, predicates: ['Path=/b'] });
    const load = new KeptConnections(`${gateway.url}/a/x`, 8);
    await load.more(200);
    const [victim] = await workersOf(admin);
    const before = await counted(admin);
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    let last = before;
    await workersWhen(admin, (workers) => serving(workers).length === 1);
    expect((await admin.get('/actuator/health/readiness')).status).toBe(503);
    for (;;) {
      const now = await counted(admin);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
      if (serving(await workersOf(admin)).length === 2) break;
    }
    expect((await admin.get('/actuator/health/readiness')).status).toBe(200);
    await load.more(200);
    await load.stop();
    // Those that it had under way, and no others: at most one on each connection.
    expect(load.failures.length).toBeLessThanOrEqual(8);
    expect(load.statuses).toEqual(new Set([200]));
    expect(new Set(await askOften(`${gateway.url}/b`, 30))).toEqual(new Set([200]));
    await expect.poll(() => gateway.output).toMatch(/worker 1 \(\d+\) has ended with signal SIGKILL/);
  });

  it('in memory by a limiter is one bucket for all', async () => {
    const { gateway, admin, upstream } = await started();
    await admin.write('PUT', '/api/configuration/routes/limited', {
      uri: upstream.url,
      predicates: ['Path=/limited'],
      filters: ['RequestRateLimiter=1,20,1,#{@ipKeyResolver}'],
    });
    const statuses = await askOften(`${gateway.url}/limited`, 60);
    const allowed = statuses.filter((status) => status === 200).length;
    expect(allowed).toBeGreaterThanOrEqual(20);
    expect(allowed).toBeLessThanOrEqual(25);
    expect(statuses.filter((status) => status === 429)).toHaveLength(60 - allowed);
  });
});

describe.each(ENGINES)('a replacement of all workers on the engine %s', (engine) => {
  it('costs no request on connections that are kept', async () => {
    const { gateway, admin } = await started({ server: { engine } });
    const described = await DescribedApi.of(gateway);
    const before = pidsOf(await workersOf(admin));
    const load = new KeptConnections(`${gateway.url}/a/x`, 16);
    await load.more(100);
    const counts = [await counted(admin)];
    expect((await described.call('POST', '/actuator/workers/restart')).status).toBe(202);
    await workersWhen(admin, (workers) => workers.length === 2 && !pidsOf(workers).some((pid) => before.includes(pid)));
    counts.push(await counted(admin));
    const replaced = pidsOf(await workersOf(admin));
    process.kill(gateway.pid, 'SIGUSR2');
    await workersWhen(
      admin,
      (workers) => workers.length === 2 && !pidsOf(workers).some((pid) => replaced.includes(pid)),
    );
    await load.more(100);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.statuses).toEqual(new Set([200]));
    expect(counts[1]).toBeGreaterThan(counts[0] ?? 0);
    expect(await counted(admin)).toBe(load.answers);
  });
});

describe('a WebSocket', () => {
  it('goes through a worker, and is told to come back when that is replaced', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    disposables.push(() => void server.close());
    server.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)));
    await once(server, 'listening');
    const { gateway, admin } = await started();
    const { port } = server.address() as AddressInfo;
    await admin.write('PUT', '/api/configuration/routes/ws', {
      uri: `ws://127.0.0.1:${port}`,
      predicates: ['Path=/ws'],
    });
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/ws`);
    await once(socket, 'open');
    socket.send('hello');
    expect(String(((await once(socket, 'message')) as [Buffer])[0])).toBe('echo hello');
    const health = await admin.json<{ components: object }>('/actuator/health');
    expect(health.components).toMatchObject({ dataPlane: { details: { openWebSockets: 1 } } });
    const closed = once(socket, 'close') as Promise<[number]>;
    expect((await admin.send('POST', '/actuator/workers/restart')).status).toBe(202);
    expect((await closed)[0]).toBe(1001);
  });
});

describe('a stop', () => {
  it('lets requests under way finish, and leaves no process behind', async () => {
    const slow = await Upstream.started((_request, response) => void setTimeout(() => response.end('late'), 1_000));
    disposables.push(() => slow.stop());
    const { gateway, admin } = await started();
    await admin.write('PUT', '/api/configuration/routes/slow', { uri: slow.url, predicates: ['Path=/slow'] });
    const pids = pidsOf(await workersOf(admin));
    const answers = Array.from({ length: 8 }, () => ask(`${gateway.url}/slow`));
    while (
      (await admin.json<{ components: { dataPlane: { details: { inFlight: number } } } }>('/actuator/health'))
        .components.dataPlane.details.inFlight < 8
    );
    expect(await gateway.stop()).toBe(0);
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(Array.from({ length: 8 }, () => 'late'));
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('of the control process by force ends the workers too', async () => {
    const { gateway, admin } = await started();
    const pids = pidsOf(await workersOf(admin));
    await gateway.stop('SIGKILL');
    for (const pid of pids) {
      while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

describe('a start', () => {
  it('names the address that is in use', async () => {
    const gateway = await GatewayProcess.prepare({ server: { workers: 2 } });
    disposables.push(() => gateway.dispose());
    const other = createServer().listen(gateway.port, '127.0.0.1');
    disposables.push(() => void other.close());
    await once(other, 'listening');
    expect(await gateway.run()).toBe(1);
    expect(gateway.output).toContain(`tigateway did not start: 127.0.0.1:${gateway.port} is in use by another process`);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
