import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { Global, Module } from '@nestjs/common';
import { ConfigurationUpdateEvent, EventBus, type EventRecord } from '@tigateway/model';
import { EventHistory, NotificationPolicy, NotificationsModule, OutboxStore } from '@tigateway/notifications';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type AdminApplication, adminApplication } from '../../../test/builders/admin-application.js';
import { DirectBus } from '../../../test/builders/direct-bus.js';
import { InMemoryOutbox, SettablePolicy } from '../../../test/builders/in-memory-outbox.js';

const TOKEN = 'let-me-in';

class NoHistory extends EventHistory {
  override eventsSince(): Promise<EventRecord[]> {
    return Promise.resolve([]);
  }
}

let admin: AdminApplication;
let bus: DirectBus;
let port: number;

beforeEach(async () => {
  bus = new DirectBus();

  @Global()
  @Module({
    providers: [
      { provide: EventBus, useValue: bus },
      { provide: EventHistory, useClass: NoHistory },
      { provide: OutboxStore, useValue: new InMemoryOutbox() },
      { provide: NotificationPolicy, useValue: new SettablePolicy() },
    ],
    exports: [EventBus, EventHistory, OutboxStore, NotificationPolicy],
  })
  class Ports {}

  admin = await adminApplication({ token: TOKEN, bus, imports: [Ports, NotificationsModule.register()] });
  await admin.app.listen(0, '127.0.0.1');
  port = (admin.app.getHttpServer().address() as AddressInfo).port;
});

afterEach(() => admin.app.close());

/** Sends exactly these headers: `fetch` would not let a test choose its Host. */
async function send(
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ response: IncomingMessage; body: string }> {
  const request = httpRequest({ port, host: '127.0.0.1', path, method, headers, agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { response, body };
}

describe('the admin server', () => {
  it.each([
    '/api/configuration/routes',
    '/actuator',
    '/actuator/configuration/status',
    '/actuator/openapi',
    '/nothing',
  ])('asks for the token at %s', async (path) => {
    const { response, body } = await send(path, { host: `localhost:${port}` });
    expect(response.statusCode).toBe(401);
    expect(response.headers).toMatchObject({
      'www-authenticate': 'Bearer',
      'content-type': expect.stringMatching(/problem\+json/) as string,
    });
    expect(JSON.parse(body)).toMatchObject({ type: 'urn:tigateway:problem:unauthorized', instance: path });
  });

  it('answers whoever has it', async () => {
    const { response } = await send('/api/configuration/routes?x', {
      host: `localhost:${port}`,
      authorization: `Bearer ${TOKEN}`,
    });
    expect(response.statusCode).toBe(200);
  });

  it.each([
    '/actuator/health',
    '/actuator/health/liveness',
    '/actuator/health?x=1',
    '/actuator/info',
    '/actuator/prometheus',
  ])('answers everyone by any name at %s', async (path) => {
    const { response } = await send(path, { host: 'probe.example', origin: 'http://elsewhere' });
    expect([200, 503]).toContain(response.statusCode);
  });

  it.each([
    ['POST', '/actuator/health'],
    ['GET', '/actuator/healthy'],
    ['GET', '/actuator/health/../configuration/status'],
    ['GET', '/actuator/info/'],
    ['GET', '//actuator/info'],
  ])('does not take %s %s for an open endpoint', async (method, path) => {
    expect((await send(path, { host: `localhost:${port}` }, method)).response.statusCode).toBe(401);
  });

  it.each([
    { host: 'evil.example' },
    { host: 'localhost', origin: 'http://evil.example' },
    { host: 'localhost', origin: 'null' },
  ])('refuses a caller with %j, the right token notwithstanding', async (headers) => {
    const { response, body } = await send('/api/configuration/routes', {
      authorization: `Bearer ${TOKEN}`,
      ...(headers as Record<string, string>),
    });
    expect(response.statusCode).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ type: 'urn:tigateway:problem:forbidden' });
    expect(response.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('knows no CORS: a preflight is a call like any other', async () => {
    const { response } = await send(
      '/api/configuration/routes',
      {
        host: `localhost:${port}`,
        origin: `http://localhost:${port}`,
        authorization: `Bearer ${TOKEN}`,
        'access-control-request-method': 'POST',
      },
      'OPTIONS',
    );
    expect(response.statusCode).toBe(405);
    expect(response.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('a WebSocket', () => {
  const open = (path: string, options: { protocols?: string[]; headers?: Record<string, string> } = {}) =>
    new WebSocket(`ws://127.0.0.1:${port}${path}`, options.protocols ?? [], { headers: options.headers ?? {} });

  async function refusal(
    socket: WebSocket,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
    socket.on('error', () => {});
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  }

  it.each([
    ['the header', { headers: { authorization: `Bearer ${TOKEN}` } }, ''],
    ['the subprotocol', { protocols: [`bearer.${TOKEN}`, 'tigateway.v1'] }, 'tigateway.v1'],
  ])('is let in by %s, and hears events', async (_, options, protocol) => {
    const socket = open('/ws/configuration', options);
    await once(socket, 'open');
    expect(socket.protocol).toBe(protocol);
    const heard = once(socket, 'message');
    socket.send('{"type":"ping"}');
    await heard;
    const next = once(socket, 'message');
    const facts = {
      sequence: 1,
      timestamp: 2,
      source: 'api',
      configType: 'route' as const,
      configId: 'a',
      version: 'v1',
      actor: 'x',
    };
    bus.publish('configuration.update', new ConfigurationUpdateEvent({ ...facts, configuration: { id: 'a' } }));
    const [data] = (await next) as [Buffer];
    expect(JSON.parse(data.toString())).toMatchObject({ type: 'configuration_update', configId: 'a' });
    const closed = once(socket, 'close');
    await admin.app.close();
    expect((await closed)[0]).toBe(1001);
  });

  it('without a token is refused with 401', async () => {
    const { status, headers, body } = await refusal(
      open('/ws/configuration', { protocols: ['bearer.wrong', 'tigateway.v1'] }),
    );
    expect(status).toBe(401);
    expect(headers).toMatchObject({ 'www-authenticate': 'Bearer', 'content-type': 'application/problem+json' });
    expect(JSON.parse(body)).toMatchObject({
      type: 'urn:tigateway:problem:unauthorized',
      instance: '/ws/configuration',
    });
  });

  it('from a foreign page or by a foreign name is refused with 403', async () => {
    const authorization = `Bearer ${TOKEN}`;
    for (const headers of [
      { authorization, origin: 'https://evil.example' },
      { authorization, host: 'evil.example' },
    ] as Record<string, string>[]) {
      expect(await refusal(open('/ws/configuration', { headers }))).toMatchObject({ status: 403 });
    }
  });

  it('elsewhere is refused with 404', async () => {
    for (const path of ['/ws', '/ws/configuration/', '/api/configuration/routes', '/actuator/health']) {
      expect(await refusal(open(path, { headers: { authorization: `Bearer ${TOKEN}` } }))).toMatchObject({
        status: 404,
      });
    }
  });

  it('is not what another upgrade becomes', async () => {
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      path: '/ws/configuration',
      headers: { host: 'localhost', authorization: `Bearer ${TOKEN}`, connection: 'Upgrade', upgrade: 'h2c' },
      agent: false,
    });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(400);
  });

  it('that breaks off in the middle of its upgrade harms nobody', async () => {
    for (const text of [
      'GET /ws/configuration HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ]) {
      const socket = connectSocket(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(text);
      socket.resetAndDestroy();
    }
    expect((await send('/actuator/info', { host: 'x' })).response.statusCode).toBe(200);
  });
});

describe('a token that is revoked', () => {
  it('takes WebSockets and event streams along', async () => {
    const headers = { host: `localhost:${port}`, authorization: `Bearer ${TOKEN}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/configuration`, { headers });
    await once(socket, 'open');
    const request = httpRequest({ port, host: '127.0.0.1', path: '/api/configuration/events', headers, agent: false });
    const [stream] = (await once(request.end(), 'response')) as [IncomingMessage];
    expect(stream.statusCode).toBe(200);
    const streamGone = new Promise((resolve) => stream.on('error', () => undefined).once('close', resolve));
    const socketGone = once(socket, 'close');
    stream.resume();
    admin.access.changeToken('another');
    expect((await socketGone)[0]).toBe(1008);
    await streamGone;
    expect((await send('/api/configuration/routes', headers)).response.statusCode).toBe(401);
    const renewed = { ...headers, authorization: 'Bearer another' };
    expect((await send('/api/configuration/routes', renewed)).response.statusCode).toBe(200);
  });
});
