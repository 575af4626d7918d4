import { StartupError } from '@tigateway/model';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startFailure } from './start-failure.js';

async function listen(address: string, port: number): Promise<Server> {
  const server = createServer().listen(port, address);
  await once(server, 'listening');
  return server;
}

describe('startFailure', () => {
  it('names the address that is taken', async () => {
    const server = await listen('127.0.0.1', 0);
    const { port } = server.address() as { port: number };
    const error = await listen('127.0.0.1', port).catch((reason: unknown) => reason);
    expect(startFailure(error)).toBe(`127.0.0.1:${port} is in use by another process`);
    server.close();
  });

  it('names the address that this machine does not have', async () => {
    const error = await listen('192.0.2.1', 0).catch((reason: unknown) => reason);
    expect(startFailure(error)).toMatch(/^192\.0\.2\.1:\d* is no address of this machine$/);
  });

  it.each([
    [
      new StartupError('config/tigateway.yml:2:3: unknown property "prot"'),
      'config/tigateway.yml:2:3: unknown property "prot"',
    ],
    [new Error('first line\n  second line\n'), 'first line second line'],
    ['just a text', 'just a text'],
  ])('says %s in one line', (error, line) => expect(startFailure(error)).toBe(line));
});
