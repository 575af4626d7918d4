import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, type Received, Receiver } from '../builders/receiver.js';
import { AdminApi } from './admin-api.js';
import { GatewayProcess, type GatewayProcessOptions } from './gateway-process.js';

interface Channel {
  readonly name: string;
  readonly state: string;
  readonly reason?: string;
  readonly queued: number;
  readonly delivered: number;
}

interface Notifications {
  readonly channels: readonly Channel[];
  readonly deadLetters: readonly { readonly id: string; readonly error: string; readonly attempts: number }[];
}

const QUICK = { 'initial-delay': '5ms', 'max-delay': '10ms' };
const CANARY = 'c4n4ry';
const LIMIT = { timeout: 60_000 };

const disposals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

async function receiver(answer?: Answer): Promise<Receiver> {
  const started = await Receiver.started(answer);
  disposals.push(() => started.stop());
  return started;
}

async function gatewayWith(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.started(options);
  disposals.push(() => gateway.dispose());
  return gateway;
}

function webhook(target: Receiver, more: object = {}): object {
  return { webhook: { url: target.url(), 'allow-insecure': true, retry: QUICK, ...more } };
}

function putRoute(api: AdminApi, id: string, revision = 0): Promise<Response> {
  const route = { uri: 'http://127.0.0.1:9', predicates: [`Path=/${id}`], metadata: { revision } };
  return api.write('PUT', `/api/configuration/routes/${id}`, route);
}

const notifications = (api: AdminApi) => api.json<Notifications>('/api/configuration/notifications');
const bodyOf = ({ body }: Received) => JSON.parse(body) as Record<string, unknown>;
const deliveryOf = ({ headers }: Received) => String(headers['x-tigateway-delivery']);

describe('a webhook', () => {
  it('is told of a change whose process was killed between the commit and the delivery', async () => {
    let isAwake = false;
    const target = await receiver((response) => void (isAwake && response.end()));
    const gateway = await gatewayWith({ tigateway: { notification: webhook(target, { secret: 's3cret' }) } });
    await putRoute(new AdminApi(gateway), 'survivor');
    const attempted = await target.next();
    await gateway.stop('SIGKILL');

    isAwake = true;
    await gateway.start();
    const delivered = await target.next();
    expect(deliveryOf(delivered)).toBe(deliveryOf(attempted));
    expect(bodyOf(delivered)).toMatchObject({ type: 'configuration_update', configId: 'survivor' });
    const [, seconds, mac] = /^t=(\d+),v1=(\w+)$/.exec(String(delivered.headers['x-tigateway-signature']))!;
    expect(mac).toBe(createHmac('sha256', 's3cret').update(`${seconds}.${delivered.body}`).digest('hex'));

    const api = new AdminApi(gateway);
    await expect.poll(async () => (await notifications(api)).channels, LIMIT).toMatchObject([{ queued: 0 }]);
    await gateway.stop();
    await gateway.start();
    await putRoute(new AdminApi(gateway), 'next');
    expect(bodyOf(await target.next())).toMatchObject({ configId: 'next' });
    expect(target.all).toHaveLength(3);
  });

  it('misses nothing that was acknowledged, in order per configuration, over kills at any moment', async () => {
    const target = await receiver((response, _, n) => response.writeHead(n % 5 === 0 ? 500 : 200).end());
    const gateway = await gatewayWith({
      tigateway: { notification: webhook(target, { retry: { ...QUICK, 'max-attempts': 100 } }) },
    });
    const api = new AdminApi(gateway);
    const acknowledged: [id: string, revision: number][] = [];
    for (let round = 0; round < 4; round++) {
      const writing = (async () => {
        for (let revision = round * 100; ; revision++) {
          for (const id of ['a', 'b', 'c']) {
            const answer = await putRoute(api, id, revision).catch(() => undefined);
            if (!answer) return;
            acknowledged.push([id, revision]);
          }
        }
      })();
      const wanted = acknowledged.length + 20 + round * 7;
      await expect.poll(() => acknowledged.length, { ...LIMIT, interval: 5 }).toBeGreaterThan(wanted);
      await gateway.stop('SIGKILL');
      await writing;
      await gateway.start();
    }
    await expect.poll(async () => (await notifications(api)).channels, LIMIT).toMatchObject([{ queued: 0 }]);

    const first = new Map<string, number>();
    target.all.forEach((received, at) => {
      if ((at + 1) % 5 !== 0 && !first.has(deliveryOf(received))) first.set(deliveryOf(received), at);
    });
    const arrived = [...first.values()].map((at) => bodyOf(target.all[at]!));
    for (const id of ['a', 'b', 'c']) {
      const mine = arrived.filter(({ configId }) => configId === id);
      const revisions = mine.map(({ configuration }) => (configuration as { metadata: { revision: number } }).metadata);
      const missed = acknowledged.filter(
        ([key, revision]) => key === id && !revisions.some((each) => each.revision === revision),
      );
      expect(missed).toEqual([]);
      const sequences = mine.map(({ sequence }) => sequence as number);
      expect(sequences).toEqual([...sequences].sort((x, y) => x - y));
    }
  }, 120_000);

  it('that is dead delays no write, is a warning in health, and gets what it missed when it is asked for', async () => {
    let isAwake = false;
    const target = await receiver((response) => void response.writeHead(isAwake ? 204 : 500).end());
    const gateway = await gatewayWith({ tigateway: { notification: webhook(target) } });
    const api = new AdminApi(gateway);
    await putRoute(api, 'a');
    await expect.poll(async () => (await notifications(api)).deadLetters.length, LIMIT).toBe(1);
    const { channels, deadLetters } = await notifications(api);
    expect(channels).toMatchObject([{ name: 'webhook', state: 'failing', reason: 'it answered 500' }]);
    expect(deadLetters).toMatchObject([{ attempts: 3, error: 'it answered 500' }]);

    expect(await (await api.get('/actuator/health')).json()).toMatchObject({
      status: 'UP',
      components: { notifications: { status: 'UP', details: { webhook: { state: 'failing', dead: 1 } } } },
    });
    expect(await api.json('/actuator/configuration/status')).toMatchObject({ notifications: channels });
    const metrics = await (await api.get('/actuator/prometheus')).text();
    expect(metrics).toContain('tigateway_notification_deliveries_total{channel="webhook",success="false"} 3');
    expect(metrics).toContain('tigateway_notification_dead_total{channel="webhook"} 1');
    expect(metrics).toContain('tigateway_notification_queue_length{channel="webhook"} 0');

    isAwake = true;
    await gateway.stop();
    await gateway.start();
    const { id } = (await notifications(api)).deadLetters[0]!;
    expect((await api.send('POST', `/api/configuration/notifications/${id}/redeliver`)).status).toBe(202);
    await expect.poll(async () => (await notifications(api)).deadLetters, LIMIT).toEqual([]);
    expect((await api.send('POST', `/api/configuration/notifications/${id}/redeliver`)).status).toBe(404);
    expect(new Set(target.all.map(deliveryOf)).size).toBe(1);
  });
});

describe('the channels', () => {
  it('change with the file notification.yml while the gateway runs, and no value of a variable is ever shown', async () => {
    const hook = await receiver();
    const chat = await receiver((response) => response.writeHead(500).end());
    const gateway = await gatewayWith({
      environment: { HOOK_URL: hook.url(`/${CANARY}`), HOOK_SECRET: CANARY, CHAT_URL: chat.url(`/${CANARY}`) },
    });
    const api = new AdminApi(gateway);
    await putRoute(api, 'before');
    gateway.writeRoutes(
      'notification.yml',
      `notification:
  webhook: { url: "\${HOOK_URL}", secret: "\${HOOK_SECRET}", allow-insecure: true }
  slack: { webhook-url: "\${CHAT_URL}", allow-insecure: true, retry: { max-attempts: 1 } }
  teams: { webhook-url: "\${TEAMS_URL}" }
  email: { smtp: { host: "smtp.invalid", password: "\${HOOK_SECRET}", username: a@b.c }, recipients: [ops@example.com], retry: { max-attempts: 1 } }
  log: { events: [rejected] }`,
    );
    await expect.poll(async () => (await notifications(api)).channels.length, LIMIT).toBe(4);
    await putRoute(api, 'after');
    expect(bodyOf(await hook.next())).toMatchObject({ configId: 'after' });
    await chat.next();
    await expect.poll(async () => (await notifications(api)).deadLetters.length, LIMIT).toBe(2);
    expect((await notifications(api)).channels).toMatchObject([
      { name: 'webhook', state: 'up' },
      { name: 'email', state: 'failing', reason: expect.stringContaining('does not resolve') as string },
      { name: 'slack', state: 'failing', reason: 'it answered 500' },
      { name: 'teams', state: 'misconfigured', reason: 'not set: TEAMS_URL' },
    ]);

    const pages = [
      '/api/configuration/global/notification',
      '/api/configuration/history/global/notification',
      '/api/configuration/export',
      '/api/configuration/notifications',
      '/actuator/configuration/status',
      '/actuator/health',
      '/actuator/prometheus',
    ];
    const shown = await Promise.all(pages.map(async (page) => (await api.get(page)).text()));
    expect(shown[0]).toContain('${HOOK_URL}');
    expect([...shown, gateway.output, ...hook.all.map(({ body }) => body)].join('\n')).not.toContain(CANARY);

    gateway.writeRoutes('notification.yml', 'notification: { webhook: { enabled: false } }');
    await expect.poll(async () => (await notifications(api)).channels, LIMIT).toEqual([]);
  });

  it('are set up by the API, where variables are mere text and secrets are masked', async () => {
    const target = await receiver();
    const gateway = await gatewayWith({ environment: { STOLEN: CANARY } });
    const api = new AdminApi(gateway);
    const path = '/api/configuration/global?configId=notification';
    await api.write('POST', path, webhook(target, { secret: `${CANARY}-\${STOLEN}` }));
    await putRoute(api, 'a');
    const { body, headers } = await target.next();
    expect(bodyOf({ body, headers, path: '' })).toMatchObject({ configId: 'a' });
    const [, seconds, mac] = /^t=(\d+),v1=(\w+)$/.exec(String(headers['x-tigateway-signature']))!;
    expect(mac).toBe(createHmac('sha256', `${CANARY}-\${STOLEN}`).update(`${seconds}.${body}`).digest('hex'));
    const shown = await (await api.get('/api/configuration/global/notification')).text();
    expect(shown).toContain('"secret":"***"');
    expect(shown).not.toContain(CANARY);
  });

  it.each([
    ['a wrong URL', { webhook: { url: 'ftp://example.com' } }, '/webhook/url'],
    ['a target on this machine', { webhook: { url: 'https://localhost/' } }, '/webhook/url'],
    ['an unknown key', { webhook: { url: 'https://example.com', urls: [] } }, '/webhook/urls'],
    ['an unknown channel', { pager: {} }, '/pager'],
    ['an unknown event', { webhook: { url: 'https://example.com', events: ['created'] } }, '/webhook/events/0'],
  ])('with %s are refused, with the place', async (_, configuration, pointer) => {
    const gateway = await gatewayWith({});
    const response = await new AdminApi(gateway).send(
      'POST',
      '/api/configuration/global?configId=notification',
      configuration,
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
  });
});

describe('server-sent events', () => {
  async function stream(gateway: GatewayProcess, lastEventId?: string): Promise<AsyncIterator<string, void>> {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const request = get(`${gateway.adminUrl}/api/configuration/events`, { headers, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.setEncoding('utf8').on('error', () => undefined);
    const blocks = (async function* () {
      let text = '';
      for await (const chunk of response as AsyncIterable<string>) {
        text += chunk;
        const parts = text.split('\n\n');
        text = parts.pop() ?? '';
        yield* parts;
      }
    })();
    await blocks.next();
    return blocks;
  }

  it('go on over a kill with Last-Event-ID', async () => {
    const gateway = await gatewayWith({});
    const api = new AdminApi(gateway);
    const before = await stream(gateway);
    await putRoute(api, 'a');
    const first = String((await before.next()).value);
    expect(first).toMatch(/^id: 1\nevent: configuration_update\ndata: \{.*"configId":"a"/);
    await putRoute(api, 'b');
    await gateway.stop('SIGKILL');
    await gateway.start();
    await putRoute(api, 'c');
    const after = await stream(gateway, '1');
    expect(String((await after.next()).value)).toMatch(/^id: 2\n.*\n.*"configId":"b"/);
    expect(String((await after.next()).value)).toMatch(/^id: 3\n.*\n.*"configId":"c"/);
  });
});
