import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminApplication, adminApplication } from '../../../../test/builders/admin-application.js';
import { DirectBus } from '../../../../test/builders/direct-bus.js';
import { InMemoryOutbox } from '../../../../test/builders/in-memory-outbox.js';
import { EventSource } from '../../../../test/builders/recorded-events.js';

let admin: AdminApplication;
let history: InMemoryOutbox;
let events: EventSource;
let port: number;

beforeEach(async () => {
  const bus = new DirectBus();
  history = new InMemoryOutbox();
  events = new EventSource(history, bus);
  admin = await adminApplication({ bus, history });
  await admin.app.listen(0, '127.0.0.1');
  port = (admin.app.getHttpServer().address() as AddressInfo).port;
});

afterEach(() => admin.app.close());

/** A reader as a browser's EventSource is one: what came, block by block, and the last id. */
class Reader {
  lastEventId: string | undefined;
  private text = '';
  private arrived = (): void => undefined;

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
      this.arrived();
    });
  }

  static async of(query = '', lastEventId?: string): Promise<Reader> {
    const headers = { host: 'localhost', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
    const request = get({ port, host: '127.0.0.1', path: `/api/configuration/events${query}`, headers, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const reader = new Reader(response);
    if (response.statusCode === 200) expect(await reader.block()).toEqual({ retry: '2000' });
    return reader;
  }

  async next(): Promise<{ event: string; data: Record<string, unknown> }> {
    const { event = '', data = '{}' } = await this.block();
    return { event, data: JSON.parse(data) as Record<string, unknown> };
  }

  async block(): Promise<Record<string, string>> {
    while (!this.text.includes('\n\n')) await new Promise<void>((resolve) => (this.arrived = resolve));
    const end = this.text.indexOf('\n\n');
    const lines = this.text.slice(0, end).split('\n');
    this.text = this.text.slice(end + 2);
    const fields = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s) as [string, string])) as Record<
      string,
      string
    >;
    this.lastEventId = fields['id'] ?? this.lastEventId;
    return fields;
  }

  close(): void {
    this.response.destroy();
  }
}

describe('server-sent events', () => {
  it('tell what happens, each with its sequence, type and content', async () => {
    const reader = await Reader.of();
    expect(reader.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    events.update('a', { id: 'a', uri: 'http://a' });
    expect(await reader.next()).toMatchObject({
      event: 'configuration_update',
      data: { type: 'configuration_update', configId: 'a', sequence: 1, configuration: { uri: 'http://a' } },
    });
    expect(reader.lastEventId).toBe('1');
    events.reject('routes/a.yaml');
    expect(await reader.next()).toMatchObject({ event: 'configuration_rejected', data: { sequence: 2 } });
  });

  it('go on where a reader was, without gap or double', async () => {
    const first = await Reader.of();
    events.update('a');
    await first.next();
    first.close();
    for (let index = 0; index < 1_200; index++) events.update(`r${index}`);
    const second = await Reader.of('', first.lastEventId);
    events.update('last');
    for (let sequence = 2; sequence <= 1_202; sequence++) {
      expect((await second.next()).data).toMatchObject({ sequence });
    }
  });

  it('are those that a reader asks for', async () => {
    events.update('a');
    events.update('b');
    const reader = await Reader.of('?configType=route&configId=b', '0');
    expect((await reader.next()).data).toMatchObject({ configId: 'b', sequence: 2 });
    events.reject('routes/a.yaml');
    events.update('a');
    events.update('b');
    expect((await reader.next()).data).toMatchObject({ configId: 'b', sequence: 5 });
  });

  it.each([
    ['a place that is no longer kept', '1'],
    ['a place that there has not been', '99'],
  ])('say that a reader must begin anew at %s, and go on', async (_, lastEventId) => {
    for (const id of ['a', 'b', 'c']) events.update(id);
    history.forgotten = 2;
    const reader = await Reader.of('', lastEventId);
    expect(await reader.next()).toEqual({ event: 'resync_required', data: { type: 'resync_required' } });
    events.update('d');
    expect((await reader.next()).data).toMatchObject({ configId: 'd' });
  });

  it('cut a reader off that leaves more than 1 MiB unread, and no other', async () => {
    const slow = await Reader.of();
    slow.response.pause();
    const quick = await Reader.of();
    // Cut off, it ends with an error, which `once` would take for a failure.
    slow.response.on('error', () => undefined);
    const gone = new Promise((resolve) => slow.response.once('close', resolve));
    const big = 'x'.repeat(500_000);
    for (let index = 0; index < 40; index++) {
      events.update('a', { id: 'a', big });
      await quick.next();
    }
    slow.response.resume();
    await gone;
    expect(quick.response.destroyed).toBe(false);
  });

  it.each(['-1', 'x', '1.5', '99999999999999999'])('refuse the Last-Event-ID %s', async (lastEventId) => {
    expect((await Reader.of('', lastEventId)).response.statusCode).toBe(400);
  });

  it.each(['?configType=routes', '?id=a'])('refuse %s', async (query) => {
    expect((await Reader.of(query)).response.statusCode).toBe(400);
  });

  it('end when the gateway stops', async () => {
    const reader = await Reader.of();
    const ended = once(reader.response, 'end');
    reader.response.resume();
    await admin.app.close();
    await ended;
  });
});
