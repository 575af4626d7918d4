import { createHmac } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { type Json, SystemClock } from '@tigateway/model';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DirectBus } from '../../../../test/builders/direct-bus.js';
import { InMemoryOutbox, SettablePolicy } from '../../../../test/builders/in-memory-outbox.js';
import { type Answer, Receiver } from '../../../../test/builders/receiver.js';
import { EventSource } from '../../../../test/builders/recorded-events.js';
import { TargetAddresses } from '../outbound/target-address.js';
import { DeliveryPermit, SoleProcessPermit } from './delivery-permit.js';
import { NotificationMetrics } from './notification-metrics.js';
import { Outbox } from './outbox.js';

/** Attempts follow each other at once. */
const QUICK = { 'initial-delay': 1, 'max-delay': 2 };

let store: InMemoryOutbox;
let policy: SettablePolicy;
let bus: DirectBus;
let events: EventSource;
let outbox: Outbox;
let metrics: NotificationMetrics;
let permit: DeliveryPermit;
const receivers: Receiver[] = [];

function testMetrics(): NotificationMetrics {
  const registers = [new Registry()];
  const labelNames = ['channel'];
  const facts = (name: string, labels = labelNames) => ({ name, help: name, labelNames: labels, registers });
  return Object.assign(new NotificationMetrics(), {
    deliveries: new Counter(facts('deliveries', ['channel', 'success'])),
    retries: new Counter(facts('retries')),
    dead: new Counter(facts('dead')),
    lost: new Counter(facts('lost')),
    queue: new Gauge(facts('queue')),
    oldest: new Gauge(facts('oldest')),
    duration: new Histogram(facts('duration')),
  });
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(true));

beforeEach(() => {
  store = new InMemoryOutbox();
  policy = new SettablePolicy();
  bus = new DirectBus();
  events = new EventSource(store, bus);
  permit = new SoleProcessPermit();
});

afterEach(async () => {
  await outbox.beforeApplicationShutdown();
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
});

async function receiver(answer?: Answer): Promise<Receiver> {
  const started = await Receiver.started(answer);
  receivers.push(started);
  return started;
}

async function start(channels: Json = {}, source: { isRecorded?: boolean } = {}): Promise<void> {
  policy.set(channels, source);
  metrics = testMetrics();
  const tools = { addresses: new TargetAddresses() };
  outbox = new Outbox(store, policy, bus, new SystemClock(), permit, metrics, tools);
  await outbox.start();
}

/** Ends this run of the process and begins the next one, on the same store. */
async function restart(channels: Json, source: { isRecorded?: boolean } = {}): Promise<void> {
  await outbox.beforeApplicationShutdown();
  await start(channels, source);
}

function webhook({ port }: { port: number }, more: Record<string, Json> = {}): Record<string, Json> {
  const { retry = {}, ...rest } = more as { retry?: Record<string, Json> };
  return {
    webhook: { url: `http://127.0.0.1:${port}/hook`, 'allow-insecure': true, retry: { ...QUICK, ...retry }, ...rest },
  };
}

async function counted(name: keyof NotificationMetrics, labels: Record<string, string> = {}): Promise<number> {
  const { values } = await (metrics[name] as Counter).get();
  const found = values.filter((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value));
  return found.reduce((sum, { value }) => sum + value, 0);
}

const status = () => outbox.status()[0]!;
const settled = () => expect.poll(() => status()?.queued).toBe(0);
const ids = (target: Receiver) => target.all.map(({ body }) => (JSON.parse(body) as { configId: string }).configId);

describe('a webhook', () => {
  it('gets the event, what changed, and headers to know and trust it by', async () => {
    const target = await receiver();
    await start(webhook(target, { secret: 'shared' }));
    const event = events.update('a', { id: 'a', uri: 'http://new' }, { id: 'a', uri: 'http://old' });
    const { headers, body } = await target.next();
    expect(JSON.parse(body)).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      type: 'configuration_update',
      configType: 'route',
      configId: 'a',
      timestamp: event.timestamp,
      configuration: { id: 'a', uri: 'http://new' },
      sequence: 1,
      source: 'api',
      occurredAt: new Date(event.timestamp).toISOString(),
      actor: 'admin@127.0.0.1',
      patch: [{ op: 'replace', path: '/uri', value: 'http://new' }],
    });
    expect(JSON.parse(body)).not.toHaveProperty('previous');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-tigateway-event': 'configuration_update',
      'x-tigateway-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-tigateway-signature']))!;
    expect(mac).toBe(createHmac('sha256', 'shared').update(`${seconds}.${body}`).digest('hex'));
    expect(Math.abs(Number(seconds) - Date.now() / 1_000)).toBeLessThan(5);
  });

  it('is not signed without a secret', async () => {
    const target = await receiver();
    await start(webhook(target));
    events.update('a');
    expect((await target.next()).headers).not.toHaveProperty('x-tigateway-signature');
  });

  it('hears of deletions and refused documents', async () => {
    const target = await receiver();
    await start(webhook(target));
    events.delete('a', { id: 'a' });
    expect(JSON.parse((await target.next()).body)).toMatchObject({
      type: 'configuration_delete',
      configuration: null,
      patch: [{ op: 'replace', path: '', value: null }],
    });
    events.reject('routes/a.yaml');
    const { body } = await target.next();
    expect(JSON.parse(body)).toMatchObject({
      type: 'configuration_rejected',
      actor: 'file',
      position: { document: 'routes/a.yaml', line: 3 },
      errors: [{ pointer: '/routes/0/uri' }],
    });
    expect(JSON.parse(body)).not.toHaveProperty('patch');
  });

  it('is tried again until it answers 2xx, each time with the same delivery and a new signature', async () => {
    const target = await receiver((response, _, n) => response.writeHead(n < 3 ? 503 : 202).end());
    await start(webhook(target, { secret: 's' }));
    events.update('a');
    const attempts = [await target.next(), await target.next(), await target.next()];
    expect(new Set(attempts.map(({ headers }) => headers['x-tigateway-delivery'])).size).toBe(1);
    expect(new Set(attempts.map(({ body }) => body)).size).toBe(1);
    await settled();
    expect(status()).toMatchObject({ state: 'up', delivered: 1, failed: 2, dead: 0 });
    expect(await counted('deliveries', { success: 'true' })).toBe(1);
    expect(await counted('deliveries', { success: 'false' })).toBe(2);
    expect(await counted('retries')).toBe(2);
    expect(await counted('dead')).toBe(0);
  });

  it('gets only what it asks for', async () => {
    const target = await receiver();
    await start(
      webhook(target, { events: ['update', 'rejected'], 'config-types': ['route'], 'config-ids': ['order-*', 'b'] }),
    );
    events.update('a');
    events.update('order-1');
    events.delete('order-1');
    events.global('order-2');
    events.reject('x.yaml');
    events.update('b');
    await settled();
    expect(ids(target)).toEqual(['order-1', undefined, 'b']);
  });

  it('gets a digest of what happened in a while as one message', async () => {
    const target = await receiver();
    await start(webhook(target, { digest: '50ms' }));
    for (const id of ['a', 'b', 'a']) events.update(id);
    const { headers, body } = await target.next();
    expect(headers['x-tigateway-event']).toBe('digest');
    const digest = JSON.parse(body) as { events: { configId: string; id: string }[] };
    expect(digest).toMatchObject({ type: 'digest', id: headers['x-tigateway-delivery'] });
    expect(digest.events.map(({ configId }) => configId)).toEqual(['a', 'b', 'a']);
    expect(new Set(digest.events.map(({ id }) => id)).size).toBe(3);
    await settled();
    expect(target.all).toHaveLength(1);
  });
});

describe('a target that fails', () => {
  const cases: [string, Answer, string][] = [
    ['answers 500', (response) => response.writeHead(500).end('canary'), 'it answered 500'],
    [
      'redirects',
      (response) => response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
      'it answered 302; redirects are not followed',
    ],
    ['hangs', () => undefined, 'no answer within 100ms'],
    ['resets the connection', (response) => response.destroy(), 'the connection broke'],
    ['answers with what is no HTTP', (response) => response.socket!.end('hello\r\n\r\n'), 'its answer is no HTTP'],
  ];

  it.each(cases)('%s: what it missed goes on the list, with the reason and nothing else', async (_, answer, reason) => {
    const target = await receiver(answer);
    await start(webhook(target, { timeout: '100ms' }));
    events.update('a');
    await settled();
    expect(target.all).toHaveLength(3);
    const [letter] = outbox.deadLetters();
    expect(letter).toMatchObject({
      id: target.all[0]!.headers['x-tigateway-delivery'],
      channel: 'webhook',
      sequence: 1,
      attempts: 3,
      error: reason,
      eventCount: 1,
      events: [{ type: 'configuration_update', configType: 'route', configId: 'a', sequence: 1 }],
      isUnderWay: false,
    });
    expect(status()).toMatchObject({ state: 'failing', reason, dead: 1, failed: 3, lastFailure: { error: reason } });
    expect(JSON.stringify([outbox.status(), outbox.deadLetters()])).not.toMatch(/canary|169\.254|127\.0\.0\.1:/);
    expect(await counted('dead')).toBe(1);
  });

  it('is gone: the same', async () => {
    const target = await receiver();
    await target.stop();
    await start(webhook(target));
    events.update('a');
    await settled();
    expect(outbox.deadLetters()).toMatchObject([{ error: 'the connection was refused', attempts: 3 }]);
  });

  it('has said yes and never ends its answer: that is a yes', async () => {
    const target = await receiver((response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    await start(webhook(target, { timeout: '1s' }));
    events.update('a');
    events.update('a');
    await settled();
    expect(status()).toMatchObject({ delivered: 2, failed: 0 });
  });

  it('asks for time by Retry-After and gets it', async () => {
    const times: number[] = [];
    const target = await receiver((response, _, n) => {
      times.push(performance.now());
      response.writeHead(n === 1 ? 429 : 200, { 'retry-after': '1' }).end();
    });
    await start(webhook(target));
    events.update('a');
    await settled();
    expect(times[1]! - times[0]!).toBeGreaterThan(990);
  });

  it('keeps neither other configurations nor another channel waiting, and its own order', async () => {
    let held: (() => void) | undefined;
    const target = await receiver((response, { body }) => {
      if (body.includes('"configId":"slow"') && !held) held = () => response.end();
      else response.end();
    });
    const other = await receiver();
    await start({
      ...webhook(target),
      slack: { 'webhook-url': other.url(), 'allow-insecure': true },
    });
    for (const id of ['slow', 'a', 'slow', 'b']) events.update(id);
    for (let index = 0; index < 4; index++) await other.next();
    await expect.poll(() => ids(target)).toEqual(['slow', 'a', 'b']);
    held!();
    await settled();
    expect(ids(target)).toEqual(['slow', 'a', 'b', 'slow']);
  });

  it('holds a bounded number of events in memory, and loses none', async () => {
    let open: (() => void) | undefined;
    const isOpen = new Promise<void>((resolve) => (open = resolve));
    const target = await receiver((response) => void isOpen.then(() => response.end()));
    await start(webhook(target, { timeout: '60s' }));
    for (let index = 0; index < 3_000; index++) events.update(`r${index}`);
    await expect.poll(() => target.all.length).toBe(64);
    expect(status()).toMatchObject({ queued: 3_000, inFlight: 64 });
    open!();
    await settled();
    expect(new Set(ids(target)).size).toBe(3_000);
    expect(target.all).toHaveLength(3_000);
  });

  it('opens no more connections than it has messages under way', async () => {
    const target = await receiver();
    await start(webhook(target));
    for (let index = 0; index < 500; index++) events.update(`r${index}`);
    await settled();
    expect(target.connections).toBeLessThanOrEqual(64);
  });
});

describe('the dead-letter list', () => {
  it('gives a message back to whoever sends it again', async () => {
    let isMended = false;
    const target = await receiver((response) => response.writeHead(isMended ? 200 : 500).end());
    await start(webhook(target));
    events.update('a');
    await settled();
    const { id } = outbox.deadLetters()[0]!;
    expect((await outbox.redeliver(id)).isUnderWay).toBe(true);
    await expect.poll(() => outbox.deadLetters()).toMatchObject([{ id, attempts: 3, isUnderWay: false }]);
    expect(target.all).toHaveLength(6);

    isMended = true;
    await outbox.redeliver(id);
    await expect.poll(() => outbox.deadLetters()).toEqual([]);
    expect(new Set(target.all.map(({ headers }) => headers['x-tigateway-delivery']))).toEqual(new Set([id]));
    await restart(webhook(target));
    expect(outbox.deadLetters()).toEqual([]);
    expect(target.all).toHaveLength(7);
  });

  it('is there after a restart, and can be sent again then', async () => {
    const target = await receiver((response, _, n) => response.writeHead(n <= 3 ? 500 : 200).end());
    await start(webhook(target));
    events.update('a');
    await settled();
    await restart(webhook(target));
    const { id } = outbox.deadLetters()[0]!;
    await outbox.redeliver(id);
    await expect.poll(() => outbox.deadLetters()).toEqual([]);
    expect(target.all).toHaveLength(4);
  });

  it('keeps the newest 1,000 of a channel', async () => {
    const target = await receiver((response) => response.writeHead(500).end());
    await start(webhook(target, { retry: { 'max-attempts': 1 } }));
    for (let index = 0; index < 1_100; index++) events.update('a');
    await settled();
    expect(outbox.deadLetters()).toHaveLength(1_000);
    await restart(webhook(target));
    const sequences = outbox.deadLetters().map(({ sequence }) => sequence);
    expect([Math.min(...sequences), Math.max(...sequences), sequences.length]).toEqual([101, 1_100, 1_000]);
  });

  it('refuses what is not on it, and what has no channel any more', async () => {
    const target = await receiver((response) => response.writeHead(500).end());
    await start(webhook(target));
    events.update('a');
    await settled();
    await expect(outbox.redeliver('nothing')).rejects.toMatchObject({ code: 'notification.not-found' });
    policy.set({});
    const { id } = outbox.deadLetters()[0]!;
    await expect(outbox.redeliver(id)).rejects.toMatchObject({ code: 'notification.channel-off' });
  });
});

describe('a restart', () => {
  it('goes on where the last run ended: what was recorded and not said is delivered, what was delivered is not', async () => {
    const target = await receiver();
    await start(webhook(target));
    events.update('a');
    await settled();
    await outbox.beforeApplicationShutdown();
    events.update('b');
    events.update('c');
    await start(webhook(target));
    await settled();
    expect(ids(target)).toEqual(['a', 'b', 'c']);
  });

  it('counts the attempts of the run before', async () => {
    const target = await receiver((response) => response.writeHead(500).end());
    const settings = webhook(target, { retry: { 'max-attempts': 3, 'initial-delay': '1h', 'max-delay': '1h' } });
    await start(settings);
    events.update('a');
    await expect.poll(() => status().waitingForRetry).toBe(1);
    await restart(settings);
    await expect.poll(() => status().waitingForRetry).toBe(1);
    await restart(settings);
    await settled();
    expect(target.all).toHaveLength(3);
    expect(outbox.deadLetters()).toMatchObject([{ attempts: 3 }]);
  });

  it('after a crash delivers again what was not written down, with the same id', async () => {
    const target = await receiver();
    await start(webhook(target));
    const before = new Map(store.deliveries);
    events.update('a');
    await settled();
    await outbox.beforeApplicationShutdown();
    for (const [channel, progress] of before) store.deliveries.set(channel, progress);
    await start(webhook(target));
    await settled();
    const deliveries = target.all.map(({ headers }) => headers['x-tigateway-delivery']);
    expect(deliveries).toHaveLength(2);
    expect(new Set(deliveries).size).toBe(1);
  });

  it('says what the store no longer keeps, and goes on with what it does', async () => {
    const target = await receiver();
    await start(webhook(target));
    await outbox.beforeApplicationShutdown();
    for (const id of ['a', 'b', 'c', 'd']) events.update(id);
    store.forgotten = 2;
    await start(webhook(target));
    await settled();
    expect(ids(target)).toEqual(['c', 'd']);
    expect(status().lost).toBe(2);
    expect(await counted('lost')).toBe(2);
  });

  it('finds the channel that a change switched on just before a crash, and what happened since', async () => {
    const target = await receiver();
    events.update('before');
    events.global('notification');
    events.update('after');
    await start(webhook(target), { isRecorded: true });
    await settled();
    expect(ids(target)).toEqual(['after']);
  });
});

describe('settings', () => {
  it('switch a channel on while the gateway runs: it hears what comes after that change', async () => {
    const target = await receiver();
    await start();
    events.update('before');
    events.global('notification');
    events.update('after');
    policy.set(webhook(target));
    await settled();
    expect(ids(target)).toEqual(['after']);
  });

  it('switch a channel off: what waits is dropped, and it begins anew later', async () => {
    const target = await receiver((response, _, n) => response.writeHead(n === 1 ? 500 : 200).end());
    const slow = webhook(target, { retry: { 'initial-delay': '1h', 'max-delay': '1h' } });
    await start(slow);
    events.update('a');
    await expect.poll(() => status().waitingForRetry).toBe(1);
    policy.set({ webhook: { enabled: false, url: target.url(), 'allow-insecure': true } });
    expect(outbox.status()).toEqual([]);
    events.update('b');
    await restart({});
    expect([...store.deliveries.keys()]).toEqual([]);
    policy.set(slow);
    events.update('c');
    await settled();
    expect(ids(target)).toEqual(['a', 'c']);
  });

  it('that mend a target try at once what waits', async () => {
    const wrong = await receiver((response) => response.writeHead(500).end());
    const right = await receiver();
    const patient = { retry: { 'initial-delay': '1h', 'max-delay': '1h' } };
    await start(webhook(wrong, patient));
    events.update('a');
    await expect.poll(() => status().waitingForRetry).toBe(1);
    policy.set(webhook(right, patient));
    await settled();
    expect(ids(right)).toEqual(['a']);
  });

  it('with a variable that is not set leave the channel out, say which, and keep what waits until it is set', async () => {
    const target = await receiver();
    const other = await receiver();
    const slack = { 'webhook-url': other.url(), 'allow-insecure': true };
    policy.set({}, { hasVariables: true });
    await start({ webhook: { url: '${HOOK_URL}', secret: '${HOOK_SECRET}' }, slack });
    events.update('a');
    await other.next();
    expect(status()).toMatchObject({
      name: 'webhook',
      state: 'misconfigured',
      reason: 'not set: HOOK_URL, HOOK_SECRET',
      queued: 1,
    });
    await restart({ webhook: { url: '${HOOK_URL}' }, slack });
    policy.set({ ...webhook(target), slack });
    await settled();
    expect(ids(target)).toEqual(['a']);
  });

  it.each([
    ['a target on this machine', { url: 'http://127.0.0.1:1/' }],
    ['a target that is no URL', { url: 'nowhere' }],
    ['an unknown key', { url: 'https://example.com', token: 'canary' }],
    ['a value that is none', { url: 'https://example.com', digest: 'canary' }],
  ])('with %s leave that channel alone out, and do not quote it', async (_, settings) => {
    const other = await receiver();
    await start({ webhook: settings, slack: { 'webhook-url': other.url(), 'allow-insecure': true } });
    events.update('a');
    await other.next();
    expect(status()).toMatchObject({ name: 'webhook', state: 'misconfigured' });
    expect(status().reason).toMatch(/^it cannot be used: \/[a-z]+ \([a-z-]+\)$/);
    expect(JSON.stringify(outbox.status())).not.toContain('canary');
  });
});

describe('whoever may not send', () => {
  class SwitchedPermit extends DeliveryPermit {
    isGranted = false;
    private listener = (): void => undefined;

    override onChange(listener: () => void): () => void {
      this.listener = listener;
      return () => undefined;
    }

    grant(): void {
      this.isGranted = true;
      this.listener();
    }
  }

  it('sends once it may, and nothing before', async () => {
    const switched = new SwitchedPermit();
    permit = switched;
    const target = await receiver();
    await start(webhook(target));
    events.update('a');
    await new Promise(setImmediate);
    expect(status()).toMatchObject({ queued: 1, inFlight: 0 });
    switched.grant();
    await settled();
    expect(ids(target)).toEqual(['a']);
  });
});

describe('a store that takes nothing', () => {
  it('stops no message; what was settled is written down once it takes again', async () => {
    const target = await receiver();
    await start(webhook(target));
    store.isReachable = false;
    events.update('a');
    await target.next();
    events.update('b');
    await target.next();
    store.isReachable = true;
    await expect.poll(() => store.deliveries.get('webhook')?.through, { timeout: 5_000 }).toBe(2);
  });
});

describe('what is secret', () => {
  const CANARY = 'c4n4ry';

  it('is in no channel’s output, no status and no dead letter', async () => {
    const target = await receiver((response, _, n) => response.writeHead(n % 2 ? 500 : 200).end());
    const url = (path: string) => target.url(path);
    await start({
      webhook: { url: url('/hook'), secret: CANARY, 'allow-insecure': true, retry: { 'max-attempts': 1 } },
      slack: { 'webhook-url': url(`/slack/x-${CANARY}`), 'allow-insecure': true, retry: { 'max-attempts': 1 } },
      teams: { 'webhook-url': url(`/teams/x-${CANARY}`), 'allow-insecure': true, retry: { 'max-attempts': 1 } },
      email: {
        smtp: { host: '127.0.0.1', port: target.port, username: 'a@b.c', password: CANARY },
        recipients: ['ops@example.com'],
        timeout: '200ms',
        retry: { 'max-attempts': 1 },
      },
    });
    events.update('a', { id: 'a', password: '***' }, { id: 'a', password: '***' });
    events.delete('a', { id: 'a', token: '***' });
    await expect.poll(() => outbox.status().every(({ queued }) => queued === 0)).toBe(true);
    const bodies = target.all.map(({ body, headers }) => [body, headers]);
    const letters = [...store.letters.values()];
    expect(letters.length).toBeGreaterThan(0);
    const shown = JSON.stringify([
      bodies,
      letters,
      outbox.status(),
      outbox.deadLetters(),
      await metrics.deliveries.get(),
    ]);
    expect(shown).not.toContain(CANARY);
  });
});
