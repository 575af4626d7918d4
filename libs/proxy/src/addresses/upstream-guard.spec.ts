import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { DEFAULT_DENIED_UPSTREAMS, DeniedUpstreamError, UpstreamGuard } from './upstream-guard.js';

const guard = new UpstreamGuard(DEFAULT_DENIED_UPSTREAMS, {
  ownListeners: [
    { address: '0.0.0.0', port: 8080 },
    { address: '127.0.0.1', port: 8090 },
  ],
});

describe('UpstreamGuard', () => {
  it.each([
    ['169.254.169.254', 80, true],
    ['127.0.0.1', 8080, true],
    ['127.0.0.2', 8080, true],
    ['127.0.0.1', 8090, true],
    ['::1', 8090, true],
    ['0.0.0.0', 8080, true],
    ['127.0.0.1', 8081, false],
    ['192.0.2.1', 8080, false],
    ['192.0.2.1', 8090, false],
    ['localhost', 8080, false],
  ])('judges the literal address %s with port %i: refused %s', (host, port, isRefused) => {
    expect(guard.refuses(host, port)).toBe(isRefused);
  });

  it('judges what a name resolves to, with the port', async () => {
    const resolved = (port: number): Promise<readonly LookupAddress[]> =>
      new Promise((resolve, reject) => {
        guard.lookupFor(port)('localhost', { all: true }, (error, found) =>
          error ? reject(error) : resolve(found as LookupAddress[]),
        );
      });
    await expect(resolved(8080)).rejects.toBeInstanceOf(DeniedUpstreamError);
    expect((await resolved(8081)).length).toBeGreaterThan(0);
  });
});
