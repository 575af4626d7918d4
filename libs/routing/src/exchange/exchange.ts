import type { PreparedPath } from '../patterns/prepared-path.js';
import { type CompiledGlobals, DEFAULT_GLOBALS } from '../globals/compiled-globals.js';
import type { CompiledRoute, RouteUri } from '../table/compiled-route.js';
import { HeaderList } from './header-list.js';
import type { ParsedRequest } from './parsed-request.js';

/** What a client asked, as the predicates see it and as the filters change it on its way upstream. */
export interface GatewayRequest {
  readonly method: string;
  /** The raw, still encoded path, always starting with `/`; forwarded byte by byte unless a filter replaces it. */
  path: string;
  /** The raw query without `?`; `undefined` where the target has none, `''` where it ends in `?`. */
  query: string | undefined;
  readonly headers: HeaderList;
  /** The peer's IP address; an IPv4 address is never shown in its IPv6-mapped form. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly scheme: 'http' | 'https';
  /** The port that the client connected to. */
  readonly localPort: number;
  /** Filled and read by `PreparedPath.of`; declare it `undefined` at first, so that every request has one shape. */
  preparedPath?: PreparedPath | undefined;
  /** Filled and read by `ParsedRequest.of`, likewise. */
  parsed?: ParsedRequest | undefined;
}

/** The response as filters see it: from the upstream, or made by the gateway. */
export interface GatewayResponse {
  status: number;
  /** The reason phrase; empty lets the server choose the standard one. */
  reason: string;
  headers: HeaderList;
}

/** A complete response that a filter or the gateway itself makes. */
export interface ShortResponse {
  readonly status: number;
  readonly headers?: HeaderList;
  readonly body?: Buffer | string;
}

export type UriVariables = Readonly<Record<string, string>>;

/** Where a request goes, once its filters have spoken. */
export interface UpstreamTarget {
  readonly scheme: string;
  /** Host name or IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host` or `host:port`, the default port left out: the Host header unless the client's is preserved. */
  readonly authority: string;
}

/**
 * One request on its way through one route. It holds the route it began with to its end, whatever is reloaded meanwhile.
 * Filters read and write it; engines on both sides know only its request and response.
 */
export class Exchange {
  /** The request line as the client sent it; `request.path` and `request.query` may be changed by filters. */
  readonly originalPath: string;
  readonly originalQuery: string | undefined;
  readonly response: GatewayResponse = { status: 0, reason: '', headers: new HeaderList() };
  /** What answers instead of the upstream; set by `answer`. */
  shortResponse: ShortResponse | undefined;
  /** True: the client's Host header goes upstream as it is (`PreserveHostHeader`, `SetRequestHostHeader`). */
  preservesHost = false;
  /** Replaces the route's own `uri` (`SetRequestUri`). */
  uri: RouteUri | undefined;
  /** Replaces what the uri leads to. */
  target: UpstreamTarget | undefined;
  /** Paths before each rewriting filter, oldest first; `X-Forwarded-Prefix` is made of them. */
  readonly rewrittenPaths: string[] = [];
  private attributes: Map<symbol, unknown> | undefined;

  constructor(
    readonly request: GatewayRequest,
    readonly route: CompiledRoute,
    readonly variables: UriVariables,
    /** The settings that the request began with. */
    readonly globals: CompiledGlobals = DEFAULT_GLOBALS,
  ) {
    this.originalPath = request.path;
    this.originalQuery = request.query;
  }

  /** Ends the exchange here: later filters and the upstream are not called. */
  answer(response: ShortResponse): void {
    this.shortResponse = response;
  }

  /** Replaces the path and remembers the one before, for `X-Forwarded-Prefix`. */
  rewritePath(path: string): void {
    this.rewrittenPaths.push(this.request.path);
    this.request.path = path;
  }

  /** Facts that one filter leaves for another; each key is a symbol owned by the file that exports it. */
  attribute<T>(key: symbol): T | undefined {
    return this.attributes?.get(key) as T | undefined;
  }

  setAttribute(key: symbol, value: unknown): void {
    (this.attributes ??= new Map()).set(key, value);
  }

  /** Goes on where `previous` was given to another route: with its attributes, its Host, and what X-Forwarded-Prefix is made of. */
  protected continueFrom(previous: Exchange): void {
    this.attributes = previous.attributes ??= new Map();
    this.preservesHost = previous.preservesHost;
    this.rewrittenPaths.push(...previous.rewrittenPaths);
  }
}
