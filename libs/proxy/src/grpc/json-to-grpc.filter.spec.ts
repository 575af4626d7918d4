import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadPackageDefinition,
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Json } from '@tigateway/model';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamGuard } from '../addresses/upstream-guard.js';
import { RetryFilterFactory } from '../retry/retry.filter.js';
import { deadPort } from '../testing/scripted-upstream.js';
import { Traffic } from '../testing/traffic.js';
import { DescriptorFolders } from './descriptor-folders.js';
import { GrpcClient } from './grpc-client.js';
import { JsonToGrpcFilterFactory } from './json-to-grpc.filter.js';

const PROTO = `
syntax = "proto3";
package shop.v1;
enum Colour { RED = 0; GREEN = 1; }
message Item { string first_name = 1; int64 big = 2; Colour colour = 3; repeated Item inner = 4; bytes raw = 5; double price = 6; }
service Shop {
  rpc Echo (Item) returns (Item);
  rpc Fail (Item) returns (Item);
  rpc Slow (Item) returns (Item);
  rpc Watch (Item) returns (stream Item);
}
`;

interface Handled {
  readonly request: { readonly first_name: string };
  readonly metadata: Metadata;
}
type Callback = (error: { code: number; details: string } | null, answer?: object) => void;

const folder = mkdtempSync(join(tmpdir(), 'descriptors-'));
const outside = mkdtempSync(join(tmpdir(), 'outside-'));
let service: ServiceDefinition;
const servers: Server[] = [];
let failures = 0;
let seen: Handled[] = [];

beforeAll(() => {
  writeFileSync(join(outside, 'shop.proto'), PROTO);
  const definition = loadSync(join(outside, 'shop.proto'), { keepCase: true });
  service = (loadPackageDefinition(definition) as unknown as { shop: { v1: { Shop: { service: ServiceDefinition } } } })
    .shop.v1.Shop.service;
  const { fileDescriptorProtos } = definition['shop.v1.Item'] as unknown as { fileDescriptorProtos: Buffer[] };
  // A FileDescriptorSet, as protoc writes it: each file as field 1.
  const set = Buffer.concat(
    fileDescriptorProtos.flatMap((file) => [Buffer.from([0x0a, (file.length & 0x7f) | 0x80, file.length >> 7]), file]),
  );
  mkdirSync(join(folder, 'inner'));
  for (const path of ['shop.pb', 'inner/shop.pb']) writeFileSync(join(folder, path), set);
  writeFileSync(join(outside, 'shop.pb'), set);
  writeFileSync(join(folder, 'broken.pb'), 'not a descriptor');
  symlinkSync(join(outside, 'shop.pb'), join(folder, 'linked.pb'));
});
afterAll(() => {
  for (const each of servers) each.forceShutdown();
  for (const each of [folder, outside]) rmSync(each, { recursive: true });
});

async function grpcServer(credentials = ServerCredentials.createInsecure()): Promise<number> {
  const server = new Server();
  servers.push(server);
  server.addService(service, {
    Echo: (call: Handled, callback: Callback) => {
      seen.push(call);
      callback(null, call.request);
    },
    Fail: ({ request }: Handled, callback: Callback) => {
      if (failures-- > 0) callback({ code: Number(request.first_name), details: 'grün & "so"' });
      else callback(null, { first_name: 'well' });
    },
    Slow: () => undefined,
    Watch: () => undefined,
  });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

let traffic: Traffic;
let client: GrpcClient;
let port: number;
beforeEach(async () => {
  failures = 0;
  seen = [];
  client = new GrpcClient(new UpstreamGuard(['169.254.0.0/16']));
  const filters = [new JsonToGrpcFilterFactory(client, new DescriptorFolders([folder])), new RetryFilterFactory()];
  traffic = await Traffic.start(filters);
  port = await grpcServer();
});
afterEach(async () => {
  client.close();
  await traffic.stop();
});

const route = (uri: string, ...filters: readonly Json[]) => ({ id: 'r', uri, predicates: ['Path=/**'], filters });
const echo = 'JsonToGrpc=shop.v1.Shop,Echo,file:shop.pb';
const post = (body: string, headers: Record<string, string> = {}) =>
  traffic.ask('/', { method: 'POST', body, headers });

describe('JsonToGrpc', () => {
  it.each([
    ['{"first_name":"ä","colour":"GREEN","inner":[{"big":1},{}],"raw":"aGk=","price":1.5}', undefined],
    ['{"big":"9223372036854775807"}', '{"big":9223372036854775807}'],
    ['{"big":-5}', undefined],
    ['{}', undefined],
    ['', '{}'],
    ['{"first_name":"x","unknown":1}', '{"first_name":"x"}'],
  ])('sends %s and gives back the JSON of the answer', async (body, answer = body) => {
    await traffic.routes.put(route(`http://127.0.0.1:${port}`, echo));
    const response = await post(body);
    expect([response.status, await response.text()]).toEqual([200, answer]);
    expect(response.headers.get('content-type')).toBe('application/json');
  });

  it('stands where the upstream would, inside all other filters', async () => {
    const filters = ['AddResponseHeader=X-A, b', echo, 'SetStatus=201', 'SetRequestHeader=Authorization, Bearer t'];
    await traffic.routes.put(route(`http://127.0.0.1:${port}`, ...filters));
    const response = await post('{}');
    expect([response.status, response.headers.get('x-a')]).toEqual([201, 'b']);
    expect(seen[0]?.metadata.get('authorization')).toEqual(['Bearer t']);
    const order = traffic.gateway.routes.route('r')?.chain.filters.map(({ order: at }) => at);
    expect(order).toEqual([-2, 1, 3, 4]);
  });

  it('uses one connection for many calls, and another after that has gone', async () => {
    await traffic.routes.put(route(`http://127.0.0.1:${port}`, echo));
    await Promise.all(Array.from({ length: 20 }, async (_, at) => (await post(`{"big":${at}}`)).text()));
    expect(new Set(seen.map((call) => (call as unknown as { getPeer(): string }).getPeer())).size).toBe(1);
    servers.at(-1)?.forceShutdown();
    expect((await post('{}')).status).toBe(502);
    const other = await grpcServer();
    await traffic.routes.put(route(`http://127.0.0.1:${other}`, echo));
    expect((await post('{}')).status).toBe(200);
  });

  it.each([
    [status.INVALID_ARGUMENT, 400, 'INVALID_ARGUMENT'],
    [status.NOT_FOUND, 404, 'NOT_FOUND'],
    [status.UNAVAILABLE, 503, 'UNAVAILABLE'],
    [status.UNAUTHENTICATED, 401, 'UNAUTHENTICATED'],
    [status.INTERNAL, 500, 'INTERNAL'],
  ])('tells of the gRPC status %i with %i', async (code, httpStatus, name) => {
    failures = 1;
    await traffic.routes.put(route(`http://127.0.0.1:${port}`, 'JsonToGrpc=Shop,Fail,shop.pb'));
    const response = await post(`{"first_name":"${code}"}`);
    expect([response.status, await response.json()]).toEqual([
      httpStatus,
      { code, status: name, message: 'grün & "so"' },
    ]);
  });

  it('is called again by Retry, with the same body', async () => {
    failures = 2;
    const filters = ['Retry=3,BAD_GATEWAY,POST', 'JsonToGrpc=Shop,Fail,inner/shop.pb'];
    await traffic.routes.put(route(`http://127.0.0.1:${port}`, ...filters));
    const response = await post(`{"first_name":"${status.UNAVAILABLE}"}`);
    expect([response.status, await response.text()]).toEqual([200, '{"first_name":"well"}']);
  });

  it.each([['{'], ['[]'], ['1'], ['{"inner":7}']])('answers %s with 400', async (body) => {
    await traffic.routes.put(route(`http://127.0.0.1:${port}`, echo));
    expect((await post(body)).status).toBe(400);
    expect(seen).toEqual([]);
  });

  it('answers what is too large with 413', async () => {
    const args = { service: 'Shop', method: 'Echo', protoDescriptor: 'shop.pb', bufferLimit: '10B' };
    await traffic.routes.put(route(`http://127.0.0.1:${port}`, { name: 'JsonToGrpc', args }));
    expect((await post('{"first_name":"x"}')).status).toBe(413);
  });

  it('gives up on what takes too long', async () => {
    const definition = route(`http://127.0.0.1:${port}`, 'JsonToGrpc=Shop,Slow,shop.pb');
    await traffic.routes.put({ ...definition, metadata: { 'response-timeout': 50 } });
    expect((await post('{}')).status).toBe(504);
  });

  it('is 502 where nobody listens, where the address is denied, and where it is not gRPC', async () => {
    const plain = createServer((_request, response) => response.end('hello'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const ports = [
      `127.0.0.1:${await deadPort()}`,
      '169.254.1.1:80',
      `127.0.0.1:${(plain.address() as AddressInfo).port}`,
    ];
    for (const at of ports) {
      await traffic.routes.put(route(`http://${at}`, echo));
      expect((await post('{}')).status).toBe(502);
    }
    client.close();
    plain.close();
  });

  it('speaks TLS, by the settings of all upstreams', async () => {
    const pem = (name: string) => readFileSync(join(import.meta.dirname, '../testing/certificates', name));
    const credentials = ServerCredentials.createSsl(null, [
      { cert_chain: pem('upstream.pem'), private_key: pem('upstream.key.pem') },
    ]);
    await traffic.routes.put(route(`https://127.0.0.1:${await grpcServer(credentials)}`, echo));
    expect((await post('{}')).status).toBe(502);
    await traffic.routes.putGlobal('httpclient', { ssl: { 'use-insecure-trust-manager': true } });
    expect((await post('{}')).status).toBe(200);
  });

  it.each([
    ['JsonToGrpc=Shop,Echo'],
    ['JsonToGrpc=Shop,Echo,missing.pb'],
    ['JsonToGrpc=Shop,Echo,broken.pb'],
    ['JsonToGrpc=Shop,Missing,shop.pb'],
    ['JsonToGrpc=Missing,Echo,shop.pb'],
    ['JsonToGrpc=Shop,Watch,shop.pb'],
    ['JsonToGrpc=Shop,Echo,file:linked.pb'],
    [`JsonToGrpc=Shop,Echo,${join(outside, 'shop.pb')}`],
    ['JsonToGrpc=Shop,Echo,file:../shop.pb'],
  ])('refuses %s', (filter) => {
    expect(traffic.routes.refusals(filter)).toHaveLength(1);
  });

  it('shows itself', () => {
    expect(traffic.routes.text(`JsonToGrpc=Shop,Echo,${join(folder, 'shop.pb')}`)).toBe(
      `[JsonToGrpc service = 'Shop', method = 'Echo', protoDescriptor = '${join(folder, 'shop.pb')}']`,
    );
    expect(traffic.routes.refusals('JsonToGrpc=Shop,Echo,classpath:inner/shop.pb')).toEqual([]);
  });
});
