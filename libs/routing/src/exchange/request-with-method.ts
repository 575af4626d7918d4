import type { PreparedPath } from '../patterns/prepared-path.js';
import type { GatewayRequest } from './exchange.js';
import type { HeaderList } from './header-list.js';
import type { ParsedRequest } from './parsed-request.js';

/** A request as it would be with another method; everything else is the original's. */
export class RequestWithMethod implements GatewayRequest {
  readonly path: string;
  readonly query: string | undefined;
  readonly headers: HeaderList;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly scheme: 'http' | 'https';
  readonly localPort: number;
  preparedPath: PreparedPath | undefined;
  parsed: ParsedRequest | undefined;

  constructor(
    original: GatewayRequest,
    readonly method: string,
  ) {
    this.path = original.path;
    this.query = original.query;
    this.headers = original.headers;
    this.remoteAddress = original.remoteAddress;
    this.remotePort = original.remotePort;
    this.scheme = original.scheme;
    this.localPort = original.localPort;
    this.preparedPath = original.preparedPath;
    this.parsed = original.parsed;
  }
}
