import { gzipSync } from 'node:zlib';
import type { Json } from '@tigateway/model';
import type { FilterFactory } from '@tigateway/routing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Traffic } from '../testing/traffic.js';
import { CACHED_REQUEST_BODY, CacheRequestBodyFilterFactory } from './cache-request-body.filter.js';
import { RemoveJsonAttributesResponseBodyFilterFactory } from './remove-json-attributes-response-body.filter.js';

class NoArgs {}

/** Puts the body that an earlier filter left into a header. */
const seesBody: FilterFactory = {
  name: 'SeesBody',
  args: NoArgs,
  shortcut: { kind: 'fields', names: [] },
  about: '',
  example: '',
  compile: () => ({
    onRequest: (exchange) =>
      exchange.request.headers.set('X-Body', String(exchange.attribute<Buffer>(CACHED_REQUEST_BODY)?.toString())),
  }),
};

let traffic: Traffic;
beforeEach(async () => {
  traffic = await Traffic.start([
    new RemoveJsonAttributesResponseBodyFilterFactory(),
    new CacheRequestBodyFilterFactory(),
    seesBody,
  ]);
});
afterEach(() => traffic.stop());

const route = (uri: string, ...filters: readonly Json[]) => ({ id: 'r', uri, predicates: ['Path=/**'], filters });

describe('RemoveJsonAttributesResponseBody', () => {
  const json = '{"id":1,"name":"x","inner":{"id":2}}';

  async function answered(
    filter: Json,
    body: string | Buffer,
    headers: Record<string, string> = {},
    path = '/',
  ): Promise<Response> {
    const upstream = await traffic.upstream((response) =>
      response.writeHead(200, { 'Content-Type': 'application/json;charset=utf-8', ...headers }).end(body),
    );
    await traffic.routes.put(route(upstream.url, filter));
    return traffic.ask(path);
  }

  it.each<[Json, string, string]>([
    ['RemoveJsonAttributesResponseBody=id', json, '{"name":"x","inner":{"id":2}}'],
    ['RemoveJsonAttributesResponseBody=id,name,false', json, '{"inner":{"id":2}}'],
    ['RemoveJsonAttributesResponseBody=id,true', json, '{"name":"x","inner":{}}'],
    [
      { name: 'RemoveJsonAttributesResponseBody', args: { fieldList: 'id,name', deleteRecursively: true } },
      `[${json}]`,
      '[{"inner":{}}]',
    ],
  ])('%j makes of %s %s', async (filter, body, expected) => {
    const response = await answered(filter, body);
    expect(await response.text()).toBe(expected);
    expect(response.headers.get('content-length')).toBe(String(expected.length));
  });

  it.each(['text/plain', 'application/problem+json', ''])('leaves %j alone', async (type) => {
    const response = await answered('RemoveJsonAttributesResponseBody=id', json, { 'Content-Type': type });
    expect(await response.text()).toBe(json);
  });

  it('reads and writes what is compressed', async () => {
    const response = await answered('RemoveJsonAttributesResponseBody=id', gzipSync(json), {
      'Content-Encoding': 'gzip',
    });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toBe('{"name":"x","inner":{"id":2}}');
  });

  it.each<[string, string | Buffer, Record<string, string>, number]>([
    ['no JSON', 'id', {}, 500],
    ['JSON in a coding that nobody knows', json, { 'Content-Encoding': 'zzz' }, 500],
    ['too large', `"${'x'.repeat(1_048_576)}"`, {}, 502],
    ['too large once it is unpacked', gzipSync(`"${'x'.repeat(1_048_576)}"`), { 'Content-Encoding': 'gzip' }, 500],
  ])('answers with an error what is %s', async (_, body, headers, status) => {
    expect((await answered('RemoveJsonAttributesResponseBody=id', body, headers)).status).toBe(status);
  });

  it('asks nothing of a response without a body', async () => {
    const upstream = await traffic.upstream((response) =>
      response.writeHead(204, { 'Content-Type': 'application/json' }).end(),
    );
    await traffic.routes.put(route(upstream.url, 'RemoveJsonAttributesResponseBody=id'));
    expect([await traffic.status(), await traffic.status('/', { method: 'HEAD' })]).toEqual([204, 204]);
  });

  it('shows itself, stands where it must and refuses to remove nothing', async () => {
    expect(traffic.routes.text('RemoveJsonAttributesResponseBody=id,true')).toBe(
      '[RemoveJsonAttributesResponseBody fieldList = list[id], deleteRecursively = true]',
    );
    expect(traffic.routes.refusals('RemoveJsonAttributesResponseBody')).toEqual(['required /filters/0']);
    await answered('RemoveJsonAttributesResponseBody=id', json);
    expect(traffic.gateway.routes.route('r')?.chain.filters[0]?.order).toBe(-2);
  });
});

describe('CacheRequestBody', () => {
  const filter = { name: 'CacheRequestBody', args: { bodyClass: 'java.lang.String', bufferLimit: '5B' } };

  it('leaves the body for later filters, and passes it on', async () => {
    const upstream = await traffic.upstream();
    await traffic.routes.put(route(upstream.url, filter, 'CacheRequestBody=byte[]', 'SeesBody'));
    expect(await traffic.status('/', { method: 'POST', body: 'hello' })).toBe(200);
    expect(await traffic.status()).toBe(200);
    expect(upstream.requests.map(({ body, headers }) => [body, headers['x-body']])).toEqual([
      ['hello', 'hello'],
      ['', 'undefined'],
    ]);
  });

  it('answers 413 to a body that is too large', async () => {
    await traffic.routes.put(route((await traffic.upstream()).url, filter));
    expect(await traffic.status('/', { method: 'POST', body: 'hello!' })).toBe(413);
  });

  it('shows itself and refuses what only code could read', () => {
    expect(traffic.routes.text('CacheRequestBody=java.lang.String')).toBe(
      "[CacheRequestBody bodyClass = 'java.lang.String']",
    );
    expect(traffic.routes.refusals('CacheRequestBody=com.example.Order')).toEqual(['invalid-argument /filters/0']);
    expect(traffic.routes.refusals('CacheRequestBody')).toEqual(['required /filters/0']);
  });
});
