import type { Duplex } from 'node:stream';
import type { ListenerTls } from '../tls/listener-tls.js';
import type { ClientRequest } from './client-request.js';
import type { ClientResponse } from './client-response.js';

/** A server engine: it accepts connections, reads requests and hands each to the handler. */
export abstract class DataPlaneServer {
  /**
   * @returns the address in use, with the port that the system chose where `port` is 0
   * @throws the system's error where the address cannot be had
   */
  abstract listen(options: ListenOptions, handler: RequestHandler): Promise<ListeningAddress>;
  /**
   * Accepts no more connections, closes those that idle, asks the others to close with their next response, and cuts what is
   * left after `limitMs` milliseconds. Upgraded connections are not its own any more.
   * @param lingerMs of the limit: how long connections that idle may still send a request, whose response asks them to close, so
   * that none is closed while its next request is on the way
   */
  abstract close(limitMs: number, lingerMs?: number): Promise<void>;
}

export interface ListenOptions {
  readonly address: string;
  readonly port: number;
  readonly limits: ServerLimits;
  /** Clients are met by TLS; absent: in clear. */
  readonly tls?: ListenerTls;
  /** HTTP/2 is spoken with clients that choose it: by ALPN, or in clear by beginning with its preface. */
  readonly http2?: boolean;
}

export interface ListeningAddress {
  readonly address: string;
  readonly port: number;
}

/** What one client may take. Times in milliseconds, sizes in bytes. */
export interface ServerLimits {
  /** From the connection (or the end of the last request) to the end of the head; 408 after it. */
  readonly headersTimeoutMs: number;
  /** To the end of the whole request, 0 for none: an upload may take its time. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Request line and header block together; 431 beyond. */
  readonly maxHeaderBytes: number;
  /** Header lines; 431 beyond. */
  readonly maxHeaderCount: number;
  /** 0 for no limit. */
  readonly maxConnections: number;
  /** Of one client address; absent or 0 for no limit. Only the native engine counts them. */
  readonly maxConnectionsPerAddress?: number;
  /** 0 for no limit. */
  readonly maxRequestsPerConnection: number;
}

/** Why an engine did not hand a request over. */
export interface Refusal {
  readonly status: number;
  /** In words that quote nothing of what came. */
  readonly why: string;
  readonly remoteAddress: string;
}

/** Who answers. Called once per request, synchronously, as soon as its head has been read. */
export interface RequestHandler {
  handle(request: ClientRequest, response: ClientResponse): void;
  /**
   * A request for a WebSocket: by `Upgrade: websocket` and `Connection: upgrade`, any other `Upgrade` being served as if it were
   * not there; or by the extended CONNECT of HTTP/2. The connection, or stream, is the handler's from here on; `head` are the
   * bytes that had been read past the request's head.
   * @param response says what comes of it; absent: it is to be written on the connection, with no listener of the engine on it
   */
  upgrade(request: ClientRequest, socket: Duplex, head: Buffer, response?: ClientResponse): void;
  /** What came was no request, or one that no handler may see: the engine answers it alone and closes the connection. */
  refused?(refusal: Refusal): void;
}
