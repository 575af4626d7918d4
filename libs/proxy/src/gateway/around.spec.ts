import type { GatewayFilter } from '@tigateway/routing';
import { afterEach, describe, expect, it } from 'vitest';
import { RunningGateway } from '../testing/running-gateway.js';
import { type Script, ScriptedUpstream } from '../testing/scripted-upstream.js';
import { local, type TestRoute } from '../testing/test-route.js';
import { ProxiedExchange } from './proxied-exchange.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function upstream(script: Script = (response) => void response.end('hello')): Promise<ScriptedUpstream> {
  const listening = await ScriptedUpstream.start(script);
  cleanups.push(() => listening.stop());
  return listening;
}

async function gateway(...routes: readonly TestRoute[]): Promise<RunningGateway> {
  const running = await RunningGateway.start(routes);
  cleanups.push(() => running.stop());
  return running;
}

const around: Partial<GatewayFilter> = { around: (_exchange, proceed) => proceed() };

/** Puts the body in brackets. */
const bracketed: Partial<GatewayFilter> = {
  onResponse: async (exchange) => {
    const proxied = ProxiedExchange.of(exchange);
    const body = await proxied.readResponseBody(100);
    proxied.replaceResponseBody(Buffer.from(`[${body.toString()}]`));
  },
};

const pieces: Script = (response) => {
  response.write('hel');
  setImmediate(() => response.end('lo'));
};

describe('a whole response body', () => {
  it.each<[string, readonly Partial<GatewayFilter>[], Script]>([
    ['in a plain chain', [bracketed], pieces],
    ['in a nested chain', [around, bracketed], pieces],
    ['with a length', [bracketed], (response) => void response.setHeader('Content-Length', 5).end('hello')],
  ])('can be replaced %s', async (_, filters, script) => {
    const { url } = await gateway({ id: 'r', uri: local((await upstream(script)).port), filters });
    const response = await fetch(url);
    expect([await response.text(), response.headers.get('content-length')]).toEqual(['[hello]', '7']);
  });

  it('can be replaced on both routes of a forwarding', async () => {
    const { url } = await gateway(
      { id: 'inner', path: '/inner', uri: local((await upstream(pieces)).port), filters: [around, bracketed] },
      { id: 'outer', uri: { kind: 'forward', path: '/inner' }, filters: [bracketed] },
    );
    expect(await (await fetch(url)).text()).toBe('[[hello]]');
  });

  it('is there where there is none', async () => {
    const { port } = await upstream((response) => void response.writeHead(204).end());
    const { url } = await gateway({ id: 'r', uri: local(port), filters: [{ onResponse: bracketed.onResponse }] });
    expect((await fetch(url)).status).toBe(204);
  });

  it.each([[[bracketed]], [[around, bracketed]]])('is 502 where it is too large', async (filters) => {
    const { port } = await upstream((response) => void response.end('x'.repeat(101)));
    const { url } = await gateway({ id: 'r', uri: local(port), filters });
    expect((await fetch(url)).status).toBe(502);
  });

  it.each([[[bracketed]], [[around, bracketed]]])('is 502 where it breaks off', async (filters) => {
    const { port } = await upstream((response) => {
      response.writeHead(200, { 'Content-Length': 10 }).write('x', () => response.destroy());
    });
    const { url } = await gateway({ id: 'r', uri: local(port), filters });
    expect((await fetch(url)).status).toBe(502);
  });
});

describe('a watched response body', () => {
  const watch = (seen: string[], name: string): Partial<GatewayFilter> => ({
    around: async (exchange, proceed) => {
      await proceed();
      ProxiedExchange.of(exchange).watchResponseBody({
        onData: (chunk) => seen.push(`${name}:${chunk.toString()}`),
        onEnd: () => seen.push(`${name}.`),
      });
    },
  });

  it.each<[string, Script, readonly string[], readonly Partial<GatewayFilter>[]]>([
    ['in pieces', pieces, ['in:hel', 'out:hel', 'in:lo', 'out:lo', 'in.', 'out.'], []],
    ['that is empty', (response) => void response.writeHead(204).end(), ['in.', 'out.'], []],
    ['that is replaced', pieces, ['in:[hello]', 'in.', 'out:[hello]', 'out.'], [bracketed]],
  ])('%s is seen by both routes of a forwarding', async (_, script, expected, filters) => {
    const seen: string[] = [];
    const { url } = await gateway(
      {
        id: 'inner',
        path: '/inner',
        uri: local((await upstream(script)).port),
        filters: [watch(seen, 'in'), ...filters],
      },
      { id: 'outer', uri: { kind: 'forward', path: '/inner' }, filters: [watch(seen, 'out')] },
    );
    await (await fetch(url)).arrayBuffer();
    expect(seen).toEqual(expected);
  });
});

describe('a whole request body', () => {
  const read = (seen: string[], limitBytes: number): Partial<GatewayFilter> => ({
    onRequest: async (exchange) => {
      seen.push((await ProxiedExchange.of(exchange).readRequestBody(limitBytes)).toString());
    },
  });

  it('is there before the upstream is asked, and goes upstream all the same', async () => {
    const up = await upstream();
    const seen: string[] = [];
    const { url } = await gateway({ id: 'r', uri: local(up.port), filters: [read(seen, 5), read(seen, 5)] });
    expect((await fetch(url, { method: 'POST', body: 'abcde' })).status).toBe(200);
    expect((await fetch(url)).status).toBe(200);
    expect(seen).toEqual(['abcde', 'abcde', '', '']);
    expect(up.requests.map(({ body }) => body)).toEqual(['abcde', '']);
  });

  it.each([['abcdef'], [new Blob(['abc', 'def']).stream()]])('is 413 where it is too large', async (body) => {
    const up = await upstream();
    const { url } = await gateway({ id: 'r', uri: local(up.port), filters: [read([], 5)] });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    expect((await fetch(url, init)).status).toBe(413);
    expect(up.requests).toEqual([]);
  });
});

describe('a filter around the call', () => {
  const late = new Error('too late');
  /** Waits until the upstream was asked, gives up on it, and has `/other` answer. */
  const impatient = (asked: Promise<void>): Partial<GatewayFilter> => ({
    around: async (exchange, proceed) => {
      const proxied = ProxiedExchange.of(exchange);
      const before = proxied.mark();
      void asked.then(() => proxied.interrupt(late));
      await expect(proceed()).rejects.toBe(late);
      expect(proxied.isRepeatable).toBe(false);
      await expect(proceed()).rejects.toBe(late);
      proxied.resume(late);
      proxied.rewind(before);
      await proxied.answerFrom('/other');
    },
  });

  it.each([[[]], [[around]]])(
    'can give up on what takes too long, another route in between, and ask a third',
    async (inner) => {
      const slow = await upstream(() => undefined);
      const { url } = await gateway(
        { id: 'other', path: '/other', uri: local((await upstream()).port) },
        { id: 'slow', path: '/slow', uri: local(slow.port), filters: inner },
        { id: 'r', uri: { kind: 'forward', path: '/slow' }, filters: [impatient(slow.asked(1))] },
      );
      expect(await (await fetch(`${url}/x`)).text()).toBe('hello');
    },
  );

  it('keeps what was left on the exchange and its Host where another route answers', async () => {
    const key = Symbol('mark');
    const up = await upstream();
    const { port } = await gateway(
      {
        id: 'other',
        path: '/other',
        uri: local(up.port),
        filters: [{ onRequest: (exchange) => exchange.request.headers.set('X-Mark', String(exchange.attribute(key))) }],
      },
      {
        id: 'r',
        uri: { kind: 'none' },
        filters: [
          {
            around: (exchange) => {
              exchange.setAttribute(key, 'seen');
              exchange.preservesHost = true;
              return ProxiedExchange.of(exchange).answerFrom('/other/y');
            },
          },
        ],
      },
    );
    expect(await (await fetch(`http://localhost:${port}/x?q=1`, { headers: { Origin: 'http://a' } })).text()).toBe(
      'hello',
    );
    const [seen] = up.requests;
    expect([seen?.url, seen?.headers['x-mark'], seen?.headers.host]).toEqual([
      '/other/y?q=1',
      'seen',
      `localhost:${port}`,
    ]);
    expect(seen?.headers.origin).toBeUndefined();
  });

  it('answers 502 where a response hook fails after the head, and lets the connection go', async () => {
    const up = await upstream((response) => void response.write('x'));
    const broken: Partial<GatewayFilter> = {
      onResponse: () => {
        throw new Error('broken');
      },
    };
    const { url } = await gateway({ id: 'r', uri: local(up.port), filters: [around, broken] });
    expect((await fetch(url)).status).toBe(500);
  });

  it('adds lines to whatever response there is, once', async () => {
    const line: Partial<GatewayFilter> = {
      onRequest: (exchange) => ProxiedExchange.of(exchange).addOwnLines(['X-Line', '1']),
    };
    const twice: Partial<GatewayFilter> = {
      around: async (_exchange, proceed) => {
        await proceed().catch(() => undefined);
        await proceed();
      },
    };
    const { port } = await upstream();
    const { url } = await gateway(
      { id: 'up', path: '/up', uri: local(port), filters: [twice, line] },
      {
        id: 'down',
        path: '/down',
        uri: { kind: 'balanced', service: 'none', innerScheme: undefined },
        filters: [twice, line],
      },
      {
        id: 'own',
        path: '/own',
        uri: { kind: 'none' },
        filters: [line, { onRequest: (e) => e.answer({ status: 418 }) }],
      },
    );
    for (const [path, status] of [
      ['/up', 200],
      ['/down', 503],
      ['/own', 418],
    ] as const) {
      const response = await fetch(`${url}${path}`);
      expect([response.status, response.headers.get('x-line')]).toEqual([status, '1']);
    }
  });
});
