import { type GatewayRequest, type HeaderList, type PreparedPath } from '@tigateway/routing';
import type { ClientRequest } from '../ports/client-request.js';
import type { RequestTarget } from './request-target.js';

/** A client's request as predicates and filters see it. */
export class IncomingRequest implements GatewayRequest {
  path: string;
  query: string | undefined;
  preparedPath: PreparedPath | undefined = undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly scheme: 'http' | 'https';
  readonly localPort: number;

  constructor(
    readonly method: string,
    target: Pick<RequestTarget, 'path' | 'query'>,
    readonly headers: HeaderList,
    peer: Pick<ClientRequest, 'remoteAddress' | 'remotePort' | 'scheme' | 'localPort'>,
  ) {
    this.path = target.path;
    this.query = target.query;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.scheme = peer.scheme;
    this.localPort = peer.localPort;
  }
}
