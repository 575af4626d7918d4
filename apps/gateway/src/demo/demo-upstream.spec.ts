import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type DemoUpstream, startDemoUpstream } from './demo-upstream.js';

describe('demo upstream', () => {
  let upstream: DemoUpstream;
  beforeAll(async () => void (upstream = await startDemoUpstream(0)));
  afterAll(() => upstream.close());

  it('answers with what it was asked', async () => {
    const response = await fetch(`http://127.0.0.1:${upstream.port}/a?b=c`, { method: 'POST', body: 'hello' });
    expect(await response.json()).toMatchObject({ upstream: 'demo', method: 'POST', url: '/a?b=c', bodyBytes: 5 });
  });

  it('echoes WebSocket messages', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${upstream.port}/`);
    await once(socket, 'open');
    socket.send('hello');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('hello');
    socket.close();
  });

  it('refuses a port that is taken', async () => {
    await expect(startDemoUpstream(upstream.port)).rejects.toThrow('EADDRINUSE');
  });
});
