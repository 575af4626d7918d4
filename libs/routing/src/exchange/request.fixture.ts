import type { GatewayRequest } from './exchange.js';
import { HeaderList } from './header-list.js';

/** A request for tests: `GET /` from 192.0.2.1, changed in what is given; `headers` are `[name, value, …]`. */
export function aRequest(
  changes: Partial<Omit<GatewayRequest, 'headers'>> & { headers?: readonly string[] } = {},
): GatewayRequest {
  return {
    method: 'GET',
    path: '/',
    query: undefined,
    remoteAddress: '192.0.2.1',
    remotePort: 40_000,
    scheme: 'http',
    localPort: 8080,
    ...changes,
    headers: new HeaderList([...(changes.headers ?? [])]),
  };
}
