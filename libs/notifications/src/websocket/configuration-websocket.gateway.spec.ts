import { once } from 'node:events';
import { Global, Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import {
  Clock,
  ConfigurationDeleteEvent,
  ConfigurationRejectedEvent,
  ConfigurationRollbackEvent,
  ConfigurationUpdateEvent,
  EventBus,
  type EventRecord,
  RECORDED_EVENT_NAMES,
  type RecordedEvent,
  type Scheduled,
} from '@tigateway/model';
import { register } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { DirectBus } from '../../../../test/builders/direct-bus.js';
import { InMemoryOutbox, SettablePolicy } from '../../../../test/builders/in-memory-outbox.js';
import { NotificationsModule } from '../notifications.module.js';
import { OutboxStore } from '../outbox/outbox-store.js';
import { NotificationPolicy } from '../settings/notification-policy.js';
import { EventHistory } from './event-history.js';

class ListHistory extends EventHistory {
  readonly events: EventRecord[] = [];
  /** Sequences up to this one are no longer kept. */
  forgotten = 0;
  /** Asked before each answer. */
  gate: () => Promise<void> = () => Promise.resolve();

  async eventsSince(sequence: number, limit: number): Promise<EventRecord[] | undefined> {
    await this.gate();
    if (sequence < this.forgotten) return undefined;
    return this.events.filter((event) => event.sequence > sequence).slice(0, limit);
  }
}

class ManualClock extends Clock {
  readonly waiting = new Set<() => void>();
  now = () => 1_700_000_000_000;
  monotonicMs = () => 0;

  schedule(_delayMs: number, task: () => void): Scheduled {
    this.waiting.add(task);
    return { cancel: () => this.waiting.delete(task) };
  }

  ring(): void {
    for (const task of [...this.waiting]) {
      this.waiting.delete(task);
      task();
    }
  }
}

const bus = new DirectBus();
let history: ListHistory;
let clock: ManualClock;
let app: NestFastifyApplication;
let url: string;
let sequence: number;
let clients: Client[];

/** A client that keeps what it receives until it is asked for. */
class Client {
  readonly received: Record<string, unknown>[] = [];
  private wake = () => {};

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.received.push(JSON.parse(data.toString()) as Record<string, unknown>);
      this.wake();
    });
  }

  async next(): Promise<Record<string, unknown>> {
    while (this.received.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.received.shift()!;
  }

  async ask(message: unknown): Promise<Record<string, unknown>> {
    this.send(message);
    return this.next();
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** All that came before the answer to a ping. */
  async untilPong(): Promise<Record<string, unknown>[]> {
    this.send({ type: 'ping' });
    const all: Record<string, unknown>[] = [];
    for (let message = await this.next(); message.type !== 'pong'; message = await this.next()) all.push(message);
    return all;
  }
}

async function connect(protocols: string[] = []): Promise<Client> {
  const client = new Client(new WebSocket(url, protocols));
  clients.push(client);
  await once(client.socket, 'open');
  await client.untilPong();
  return client;
}

function publish(event: RecordedEvent): void {
  history.events.push({ type: event.type, ...event.facts } as EventRecord);
  bus.publish(RECORDED_EVENT_NAMES[event.type], event);
}

function facts(configId: string) {
  sequence++;
  return {
    sequence,
    timestamp: 1_000 + sequence,
    source: 'api',
    configType: 'route' as const,
    configId,
    version: `v${sequence}`,
    actor: 'admin',
  };
}

function update(configId: string, configuration: object = { id: configId }): void {
  publish(new ConfigurationUpdateEvent({ ...facts(configId), configuration: configuration as { id: string } }));
}

const idsOf = (messages: readonly Record<string, unknown>[]) =>
  messages.map((message) => message.configId ?? message.type);

beforeEach(async () => {
  history = new ListHistory();
  clock = new ManualClock();
  sequence = 0;
  clients = [];

  @Global()
  @Module({
    providers: [
      { provide: EventBus, useValue: bus },
      { provide: EventHistory, useValue: history },
      { provide: Clock, useValue: clock },
      { provide: OutboxStore, useValue: new InMemoryOutbox() },
      { provide: NotificationPolicy, useValue: new SettablePolicy() },
    ],
    exports: [EventBus, EventHistory, Clock, OutboxStore, NotificationPolicy],
  })
  class Ports {}

  const module = await Test.createTestingModule({ imports: [Ports, NotificationsModule.register()] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  url = `${(await app.getUrl()).replace('http', 'ws')}/ws/configuration`;
});

afterEach(async () => {
  for (const { socket } of clients) socket.terminate();
  await app.close();
});

describe('what a client hears', () => {
  it('is everything, until it subscribes', async () => {
    const client = await connect();
    update('a', { id: 'a', uri: 'http://u' });
    publish(new ConfigurationDeleteEvent({ ...facts('b'), previous: { id: 'b' } }));
    expect(await client.next()).toEqual({
      type: 'configuration_update',
      configType: 'route',
      configId: 'a',
      timestamp: 1_001,
      configuration: { id: 'a', uri: 'http://u' },
      version: 'v1',
      sequence: 1,
      source: 'api',
    });
    expect(await client.next()).toEqual({
      type: 'configuration_delete',
      configType: 'route',
      configId: 'b',
      timestamp: 1_002,
      configuration: null,
      version: 'v2',
      sequence: 2,
      source: 'api',
    });
  });

  it('tells what a rollback went from and to, and where a rejected document is wrong', async () => {
    const client = await connect();
    publish(
      new ConfigurationRollbackEvent({
        ...facts('a'),
        configuration: { id: 'a' },
        previous: { id: 'a', uri: 'secret' },
        from: 'v0',
        to: 'v1',
        rollbackOf: 'v-1',
        trigger: 'auto',
      }),
    );
    const position = { source: 'file', document: 'a.yaml', line: 3, column: 1 };
    const errors = [{ pointer: '/routes/0', code: 'required', message: 'no uri' }];
    publish(new ConfigurationRejectedEvent({ sequence: ++sequence, timestamp: 5, source: 'file', position, errors }));
    const rollback = await client.next();
    expect(rollback).toMatchObject({
      type: 'configuration_rollback',
      from: 'v0',
      to: 'v1',
      rollbackOf: 'v-1',
      trigger: 'auto',
    });
    expect(rollback).not.toHaveProperty('previous');
    expect(await client.next()).toEqual({
      type: 'configuration_rejected',
      timestamp: 5,
      sequence: 2,
      source: 'file',
      position,
      errors,
    });
  });

  it.each([
    [{ configType: 'route', configId: 'a' }, ['a']],
    [{ configType: 'route' }, ['a', 'b']],
    [{ configId: 'b' }, ['b']],
    [{ configType: 'filter' }, []],
    [{ configType: '*', configId: '*' }, ['a', 'b', 'configuration_rejected']],
  ])('is what it asked for with %j', async (subscription, heard) => {
    const client = await connect();
    expect(await client.ask({ type: 'subscribe', ...subscription })).toEqual({
      type: 'subscribed',
      configType: '*',
      configId: '*',
      ...subscription,
    });
    update('a');
    update('b');
    const position = { source: 'file', document: 'a.yaml', line: 0, column: 0 };
    publish(
      new ConfigurationRejectedEvent({ sequence: ++sequence, timestamp: 5, source: 'file', position, errors: [] }),
    );
    expect(idsOf(await client.untilPong())).toEqual(heard);
  });

  it('ends with the subscription, and does not become everything again', async () => {
    const client = await connect();
    await client.ask({ type: 'subscribe', configType: 'route', configId: 'a' });
    await client.ask({ type: 'subscribe', configType: 'route', configId: 'b' });
    expect(await client.ask({ type: 'unsubscribe', configType: 'route', configId: 'a' })).toEqual({
      type: 'unsubscribed',
      configType: 'route',
      configId: 'a',
    });
    update('a');
    update('b');
    expect(idsOf(await client.untilPong())).toEqual(['b']);
    await client.ask({ type: 'unsubscribe' });
    update('b');
    expect(await client.untilPong()).toEqual([]);
  });
});

describe('a replay', () => {
  it('brings what came after `since`, then what happens', async () => {
    update('a');
    update('b');
    update('a');
    const client = await connect();
    client.send({ type: 'subscribe', configType: 'route', configId: 'a', since: 1 });
    expect(await client.next()).toMatchObject({ type: 'subscribed', since: 1 });
    expect(await client.next()).toMatchObject({ configId: 'a', sequence: 3 });
    update('a');
    expect(await client.next()).toMatchObject({ configId: 'a', sequence: 4 });
  });

  it('leaves out what this connection was sent already, by whatever subscription', async () => {
    const client = await connect();
    update('a');
    expect(await client.next()).toMatchObject({ sequence: 1 });
    await client.ask({ type: 'subscribe', configType: 'route', configId: 'b' });
    update('a');
    update('b');
    expect(await client.next()).toMatchObject({ configId: 'b', sequence: 3 });
    client.send({ type: 'subscribe', since: 0 });
    expect((await client.untilPong()).slice(0, 1)).toMatchObject([{ type: 'subscribed' }]);
    update('c');
    const heard = [await client.next(), await client.next()];
    expect(heard.map((message) => message.sequence)).toEqual([2, 4]);
  });

  it('neither loses nor doubles nor reorders what happens meanwhile', async () => {
    update('a');
    const client = await connect();
    let open = () => {};
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const isOpen = new Promise<void>((resolve) => (open = resolve));
    history.gate = () => {
      asked();
      return isOpen;
    };
    client.send({ type: 'subscribe', since: 0 });
    await isAsked;
    update('b');
    update('c');
    client.send({ type: 'subscribe', configType: 'route', configId: 'a', since: 0 });
    open();
    const answers = await client.untilPong();
    while (answers.length < 5) answers.push(await client.next());
    expect(answers.filter(({ type }) => type === 'configuration_update').map((event) => event.sequence)).toEqual([
      1, 2, 3,
    ]);
    expect(answers.filter(({ type }) => type === 'subscribed')).toHaveLength(2);
  });

  it('goes through any number of pages', async () => {
    for (let index = 0; index < 1_203; index++) update(`r${index}`);
    const client = await connect();
    client.send({ type: 'subscribe', since: 3 });
    expect(await client.next()).toMatchObject({ type: 'subscribed' });
    for (let expected = 4; expected <= 1_203; expected++) {
      expect(await client.next()).toMatchObject({ sequence: expected });
    }
    expect(await client.untilPong()).toEqual([]);
  });

  it('sends more than may wait, at the reader’s pace', async () => {
    const big = 'x'.repeat(100_000);
    for (let index = 0; index < 60; index++) update(`r${index}`, { id: `r${index}`, big });
    const client = await connect();
    client.send({ type: 'subscribe', since: 0 });
    expect(await client.next()).toMatchObject({ type: 'subscribed' });
    for (let expected = 1; expected <= 60; expected++)
      expect(await client.next()).toMatchObject({ sequence: expected });
  });

  it.each([
    ['a value of the future', 9],
    ['one that is no longer kept', 1],
  ])('of %s asks for a resync, and the subscription stands', async (_, since) => {
    for (const id of ['a', 'b', 'c', 'd']) update(id);
    history.forgotten = 2;
    const client = await connect();
    client.send({ type: 'subscribe', since });
    expect(await client.next()).toMatchObject({ type: 'subscribed', since });
    expect(await client.next()).toEqual({ type: 'resync_required' });
    update('e');
    expect(await client.next()).toMatchObject({ configId: 'e' });
  });

  it('of the newest event brings nothing', async () => {
    update('a');
    const client = await connect();
    await client.ask({ type: 'subscribe', since: 1 });
    expect(await client.untilPong()).toEqual([]);
  });
});

describe('a connection', () => {
  it.each([
    ['no JSON', '{', 'expected JSON'],
    ['no object', '[]', 'expected a JSON object'],
    ['an unknown type', '{"type":"hello"}', '"type" must be'],
    ['an unknown key', '{"type":"subscribe","id":"a"}', 'unknown property "id"'],
    ['a wrong configType', '{"type":"subscribe","configType":"routes"}', '"configType" must be'],
    ['a wrong configId', '{"type":"subscribe","configId":7}', '"configId" must be'],
    ['a negative since', '{"type":"subscribe","since":-1}', '"since" must be'],
    ['a key that is none', '{"type":"ping","__proto__":1}', 'unknown property "__proto__"'],
  ])('survives %s', async (_, text, message) => {
    const client = await connect();
    const answer = await client.ask(text);
    expect(answer.type).toBe('error');
    expect(answer.message).toContain(message);
    expect(await client.ask({ type: 'ping' })).toEqual({ type: 'pong', timestamp: 1_700_000_000_000 });
  });

  it('is closed with 1013 when its reader falls too far behind', async () => {
    const client = await connect();
    const quick = await connect();
    client.socket.pause();
    const big = 'x'.repeat(500_000);
    for (let index = 0; index < 40; index++) {
      update('a', { id: 'a', big });
      await quick.next();
    }
    const closed = once(client.socket, 'close');
    client.socket.resume();
    const [code] = (await closed) as [number];
    expect(code).toBe(1013);
    expect(quick.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('is closed with 1013 when it asks for more replays than it waits for', async () => {
    const client = await connect();
    history.gate = () => new Promise(() => {});
    const closed = once(client.socket, 'close');
    for (let index = 0; index <= 101; index++) client.send({ type: 'subscribe', since: 0 });
    expect((await closed)[0]).toBe(1013);
  });

  it('is ended when it gives no sign of life, and kept when it does', async () => {
    const client = await connect();
    const pinged = once(client.socket, 'ping');
    clock.ring();
    await pinged;
    await client.untilPong();
    clock.ring();
    await client.untilPong();
    const dead = await connect();
    // Neither ponging nor writing.
    dead.socket.pong = () => {};
    (dead.socket as unknown as { _autoPong: boolean })._autoPong = false;
    const closed = once(dead.socket, 'close');
    clock.ring();
    await client.untilPong();
    clock.ring();
    const [code] = (await closed) as [number];
    expect(code).toBe(1006);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('is closed with 1001 when the gateway stops', async () => {
    const client = await connect();
    const closed = once(client.socket, 'close');
    await app.close();
    const [code] = (await closed) as [number];
    expect(code).toBe(1001);
  });

  it('does not keep the gateway from stopping when it answers nothing', async () => {
    const client = await connect();
    client.socket.pause();
    const before = new Set(clock.waiting);
    const closing = app.close();
    // What waits then and did not before is the limit of the closing handshake.
    while ([...clock.waiting].every((each) => before.has(each))) await new Promise(setImmediate);
    clock.ring();
    await closing;
  });

  it('gets the subprotocol that is ours, never the token', async () => {
    const client = await connect(['bearer.secret', 'tigateway.v1']);
    expect(client.socket.protocol).toBe('tigateway.v1');
  });

  it('is counted', async () => {
    const gauge = register.getSingleMetric('tigateway_websocket_clients');
    const count = async () =>
      (await (gauge as unknown as { get(): Promise<{ values: { value: number }[] }> }).get()).values[0]?.value;
    const client = await connect();
    await connect();
    expect(await count()).toBe(2);
    client.socket.terminate();
    await expect.poll(count).toBe(1);
  });
});
