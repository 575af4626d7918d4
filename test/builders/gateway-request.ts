import { type GatewayRequest, HeaderList } from '@tigateway/routing';

/** A request as the data plane would hand it over. @param target path and query, as in the request line */
export function requestTo(target: string, more: Partial<GatewayRequest> & { host?: string } = {}): GatewayRequest {
  const cut = target.indexOf('?');
  const { host = 'gateway.test', headers = new HeaderList(), ...facts } = more;
  if (!headers.has('host')) headers.append('Host', host);
  return {
    method: 'GET',
    path: cut < 0 ? target : target.slice(0, cut),
    query: cut < 0 ? undefined : target.slice(cut + 1),
    headers,
    remoteAddress: '127.0.0.1',
    remotePort: 50_000,
    scheme: 'http',
    localPort: 8080,
    ...facts,
  };
}
