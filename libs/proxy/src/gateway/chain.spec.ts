import type { GatewayFilter } from '@tigateway/routing';
import { afterEach, describe, expect, it } from 'vitest';
import { StaticServiceInstances } from '../balancing/static-service-instances.js';
import { RawClient, RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { local, type TestRoute } from '../testing/test-route.js';
import { type ProxiedExchange } from './proxied-exchange.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function gateway(routes: readonly TestRoute[]): Promise<RunningGateway> {
  const running = await RunningGateway.start(routes);
  cleanups.push(() => running.stop());
  return running;
}

/** Answers with the n-th of `statuses` and the request line as its body. */
async function upstream(...statuses: number[]): Promise<RawUpstream> {
  let at = 0;
  const listening = await RawUpstream.listen((socket, received) => {
    const messages = received.split(/(?<=\r\n\r\n)(?=[A-Z]+ \/)/);
    const last = messages.at(-1) as string;
    const length = Number(/content-length: (\d+)/i.exec(last)?.[1] ?? 0);
    const [head = '', body = ''] = last.split('\r\n\r\n');
    if (!last.includes('\r\n\r\n') || body.length < length) return;
    const status = statuses[Math.min(at++, statuses.length - 1)] ?? 200;
    const text = `${head.split('\r\n')[0]}|${body}`;
    socket.write(`HTTP/1.1 ${status} S\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
  });
  cleanups.push(() => listening.stop());
  return listening;
}

function ask(port: number, path = '/', method = 'GET', body = ''): Promise<string> {
  return RawClient.exchange(
    port,
    `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${body ? `Content-Length: ${body.length}\r\n` : ''}\r\n${body}`,
  );
}

/** Notes when its hooks run. */
function noted(name: string, notes: string[], asynchronous: boolean): Partial<GatewayFilter> {
  const note = (text: string): void | Promise<void> => {
    if (asynchronous) return Promise.resolve().then(() => void notes.push(text));
    notes.push(text);
  };
  return { onRequest: () => note(`${name}>`), onResponse: () => note(`<${name}`) };
}

const around: Partial<GatewayFilter> = { around: (_exchange, proceed) => proceed() };

/** Calls the upstream again while it answers 503. */
function retry(times: number): Partial<GatewayFilter> {
  return {
    onRequest: (exchange) => (exchange as ProxiedExchange).keepBody(1_000),
    around: async (exchange, proceed) => {
      await proceed();
      for (let left = times; left > 0 && exchange.response.status === 503; left--) {
        if (!(exchange as ProxiedExchange).isRepeatable) return;
        await proceed();
      }
    },
  };
}

describe('a filter chain', () => {
  it.each([
    ['plain', (_notes: string[]) => [noted('a', _notes, false), noted('b', _notes, false)], 'a> b> <b <a'],
    ['that waits', (notes: string[]) => [noted('a', notes, true), noted('b', notes, true)], 'a> b> <b <a'],
    ['mixed', (notes: string[]) => [noted('a', notes, false), noted('b', notes, true)], 'a> b> <b <a'],
    ['nested', (notes: string[]) => [noted('a', notes, true), around, noted('b', notes, false)], 'a> b> <b <a'],
    [
      'nested twice',
      (notes: string[]) => [around, noted('a', notes, false), around, noted('b', notes, true)],
      'a> b> <b <a',
    ],
  ])('%s runs in order before the call and in reverse after it', async (_, filtersOf, order) => {
    const notes: string[] = [];
    const { port } = await gateway([{ id: 'r', uri: local((await upstream()).port), filters: filtersOf(notes) }]);
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 200 /);
    expect(notes.join(' ')).toBe(order);
  });

  it.each([
    ['plain', []],
    ['nested', [around]],
  ])('an answer ends a %s chain: nothing later runs, and no response hook', async (_, before) => {
    const notes: string[] = [];
    const answer: Partial<GatewayFilter> = { onRequest: (exchange) => exchange.answer({ status: 418, body: 'tea' }) };
    const filters = [noted('a', notes, false), ...before, answer, noted('b', notes, false)];
    const { port } = await gateway([{ id: 'r', uri: { kind: 'none' }, filters }]);
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 418 [\s\S]*Content-Length: 3\r\n[\s\S]*tea$/);
    expect(notes).toEqual(['a>']);
  });

  it('changes what goes upstream and what comes back', async () => {
    const rewrite: Partial<GatewayFilter> = {
      onRequest: (exchange) => {
        exchange.rewritePath(exchange.request.path.slice(4));
        exchange.request.query = 'q=1';
        exchange.request.headers.set('X-New', '1');
      },
      onResponse: ({ response }) => {
        response.status = 201;
        response.headers.append('X-Out', '2');
      },
    };
    const up = await upstream();
    const { port } = await gateway([{ id: 'r', uri: local(up.port), filters: [rewrite] }]);
    const got = await ask(port, '/svc/a');
    expect(got).toMatch(/^HTTP\/1\.1 201 [\s\S]*X-Out: 2\r\n[\s\S]*GET \/a\?q=1 HTTP/);
    expect(up.requests[0]).toMatch(/X-New: 1\r\n[\s\S]*X-Forwarded-Prefix: \/svc\r\n/);
  });

  it('calls the upstream again, with the whole body and the request as it was before', async () => {
    const up = await upstream(503, 503, 200);
    const prefix: Partial<GatewayFilter> = {
      onRequest: (exchange) => exchange.rewritePath(`/p${exchange.request.path}`),
    };
    const notes: string[] = [];
    const filters = [noted('a', notes, false), retry(3), prefix, noted('b', notes, false)];
    const { port } = await gateway([{ id: 'r', uri: local(up.port), filters }]);
    expect(await ask(port, '/x', 'POST', 'hello')).toMatch(/^HTTP\/1\.1 200 [\s\S]*POST \/p\/x HTTP\/1\.1\|hello$/);
    expect(notes.join(' ')).toBe('a> b> <b b> <b b> <b <a');
  });

  it('does not call again with a body that is larger than what is kept', async () => {
    const up = await upstream(503, 200);
    const { port } = await gateway([{ id: 'r', uri: local(up.port), filters: [retry(3)] }]);
    expect(await ask(port, '/x', 'POST', 'x'.repeat(2_000))).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('lets a filter around the call answer in place of a failure, or swallow it', async () => {
    const rescue = (answer: boolean): Partial<GatewayFilter> => ({
      around: async (exchange, proceed) => {
        await proceed().catch(() => {
          if (answer) exchange.answer({ status: 203, body: 'rescued' });
        });
      },
    });
    const broken = {
      kind: 'direct',
      target: { scheme: 'http', host: 'nowhere.invalid', port: 1, authority: 'x' },
    } as const;
    const { port } = await gateway([
      { id: 'answers', path: '/a', uri: broken, filters: [rescue(true)] },
      { id: 'swallows', uri: broken, filters: [rescue(false)] },
    ]);
    expect(await ask(port, '/a')).toMatch(/^HTTP\/1\.1 203 [\s\S]*rescued$/);
    expect(await ask(port, '/b')).toMatch(/^HTTP\/1\.1 200 [\s\S]*Content-Length: 0\r\n/);
  });
});

describe('a route uri', () => {
  it('without a target answers 200 with nothing, through the response hooks', async () => {
    const teapot: Partial<GatewayFilter> = { onResponse: ({ response }) => void (response.status = 418) };
    const { port } = await gateway([{ id: 'r', uri: { kind: 'none' }, filters: [teapot] }]);
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 418 /);
  });

  it.each([[[]], [[around]]])('forward: goes on as another route, both routes seeing the response', async (extra) => {
    const mark = (name: string): Partial<GatewayFilter> => ({
      onRequest: ({ request }) => request.headers.append('X-Via', name),
      onResponse: ({ response }) => response.headers.append('X-Back', name),
    });
    const up = await upstream();
    const { port } = await gateway([
      { id: 'inner', path: '/inner', uri: local(up.port), filters: [mark('inner')] },
      { id: 'outer', uri: { kind: 'forward', path: '/inner/x' }, filters: [...extra, mark('outer')] },
    ]);
    const got = await ask(port, '/y?q=1');
    expect(got).toMatch(/X-Back: inner\r\nX-Back: outer\r\n[\s\S]*GET \/inner\/x\?q=1 HTTP/);
    expect(up.requests[0]).toMatch(/X-Via: outer\r\nX-Via: inner\r\n/);
  });

  it('forward: in a circle ends with 500, to no route with 404', async () => {
    const { port } = await gateway([
      { id: 'lost', path: '/lost', uri: { kind: 'forward', path: 'nowhere' } },
      { id: 'circle', path: '/', uri: { kind: 'forward', path: '/c' } },
    ]);
    expect(await ask(port, '/lost')).toMatch(/^HTTP\/1\.1 404 /);
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 500 /);
  });

  it.each(['ws', 'wss'])('%s refuses a plain request: GET 400, others 405', async (scheme) => {
    const { port } = await gateway([{ id: 'r', uri: local(1, scheme) }]);
    expect(await ask(port)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await ask(port, '/', 'POST')).toMatch(/^HTTP\/1\.1 405 /);
  });

  it('lb:// takes the instances in turn', async () => {
    const ups = [await upstream(200), await upstream(201)];
    const running = await RunningGateway.start(
      [{ id: 'r', uri: { kind: 'balanced', service: 'orders', innerScheme: undefined } }],
      { services: { orders: ups.map(({ port }) => `http://127.0.0.1:${port}`) } },
    );
    cleanups.push(() => running.stop());
    const got: string[] = [];
    for (let count = 0; count < 4; count++) got.push((await ask(running.port)).slice(9, 12));
    expect(got).toEqual(['200', '201', '200', '201']);
  });

  it('lb:// refuses instances that are no URL', () => {
    expect(() => new StaticServiceInstances({ orders: ['http://'] })).toThrow();
  });
});
