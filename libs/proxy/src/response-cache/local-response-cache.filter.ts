import { type Clock, DurationMs, SizeBytes } from '@tigateway/model';
import {
  type CompileContext,
  type Exchange,
  type FilterFactory,
  filterText,
  HeaderList,
  type Shortcut,
  Unquoted,
} from '@tigateway/routing';
import { Min } from 'class-validator';
import { ALL_ROUTES, type StatefulFilter, stateKey } from '../filter-state/filter-states.js';
import { ProxiedExchange } from '../gateway/proxied-exchange.js';
import type { ResponseWatcher } from '../gateway/response-collector.js';
import { directivesOf, withMaxAge } from './cache-control.js';
import type { CachedResponse, CacheQuestion, ResponseCache } from './response-cache.js';
import { ResponseCaches } from './response-caches.js';

/** Set on an exchange by the first cache that it meets: a route's own stands before the one of all routes. */
const IS_CACHED = Symbol('is cached');
/** No single response that is larger is kept, where no size is set. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const STATUSES: ReadonlySet<number> = new Set([200, 206, 301]);

export class LocalResponseCacheArgs {
  @DurationMs({ key: 'timeToLive', about: 'How long a response is given again.' })
  @Min(1)
  timeToLiveMs = 300_000;

  @SizeBytes({
    key: 'size',
    optional: true,
    about:
      'Of all responses that are kept; the oldest make room. As a default or named filter: of all its routes together.',
  })
  @Min(1)
  sizeBytes?: number;
}

export class LocalResponseCacheFilterFactory implements FilterFactory<LocalResponseCacheArgs> {
  readonly name = 'LocalResponseCache';
  readonly args = LocalResponseCacheArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['timeToLive', 'size'] };
  readonly about = 'Keeps responses to GET in memory and gives them again; one that sets a cookie is not kept.';
  readonly example = 'LocalResponseCache=30m,500MB';

  constructor(private readonly caches: ResponseCaches) {}

  compile(args: LocalResponseCacheArgs, { clock, position, routeId }: CompileContext): StatefulFilter {
    return new LocalResponseCache(args, routeId ?? ALL_ROUTES, stateKey(this.name, position, args), this.caches, clock);
  }
}

class LocalResponseCache implements StatefulFilter {
  readonly order = -4;

  constructor(
    private readonly args: LocalResponseCacheArgs,
    private readonly owner: string,
    readonly stateKey: string,
    private readonly caches: ResponseCaches,
    private readonly clock: Clock,
  ) {}

  around(exchange: Exchange, proceed: () => Promise<void>): Promise<void> {
    const proxied = ProxiedExchange.of(exchange);
    if (proxied.isUpgrade || !isCacheable(exchange) || exchange.attribute(IS_CACHED)) return proceed();
    exchange.setAttribute(IS_CACHED, true);
    const { timeToLiveMs, sizeBytes = Infinity } = this.args;
    const cache = this.caches.of(this.owner, this.stateKey, timeToLiveMs, sizeBytes);
    // What later filters make of the request does not count.
    const question = questionOf(exchange);
    if (!directivesOf(exchange.request.headers.getAll('cache-control')).has('no-cache')) {
      const found = cache.find(question, this.clock.monotonicMs());
      if (found !== undefined) {
        answer(exchange, found.response, found.leftMs);
        return Promise.resolve();
      }
    } else if (proxied.globals.localResponseCache.request.noCacheStrategy === 'SKIP_UPDATE_CACHE_ENTRY') {
      return proceed();
    }
    return this.fill(proxied, proceed, cache, question);
  }

  private async fill(
    exchange: ProxiedExchange,
    proceed: () => Promise<void>,
    cache: ResponseCache,
    question: CacheQuestion,
  ): Promise<void> {
    await proceed();
    if (exchange.shortResponse !== undefined || !STATUSES.has(exchange.response.status)) return;
    const headers = new HeaderList(exchange.upstreamLines);
    const names = varyNames(headers);
    const directives = directivesOf(headers.getAll('cache-control'));
    if (names === undefined || directives.has('private') || directives.has('no-store')) return;
    // Whose cookie it is, only that client may know.
    if (headers.has('set-cookie')) return;
    const maxBytes = Math.min(this.args.sizeBytes ?? MAX_BODY_BYTES, MAX_BODY_BYTES);
    if (Number(headers.get('content-length') ?? 0) <= maxBytes) {
      const { status } = exchange.response;
      const lines = headers.raw.filter((_, at) => !/^content-length$/i.test(headers.raw[at - (at % 2)] as string));
      const keep = (body: Buffer): void =>
        cache.store(question, names, { status, lines, body }, this.clock.monotonicMs());
      exchange.watchResponseBody(new BodyKeeper(maxBytes, keep));
    }
    limitAge(exchange.response.headers, this.args.timeToLiveMs);
  }

  toString(): string {
    const { timeToLiveMs, sizeBytes } = this.args;
    return filterText('LocalResponseCache', [
      ['timeToLive', new Unquoted(`${timeToLiveMs}ms`)],
      ['size', sizeBytes === undefined ? undefined : new Unquoted(`${sizeBytes}B`)],
    ]);
  }
}

/** Keeps a copy of what goes to the client, as long as it is small enough. */
class BodyKeeper implements ResponseWatcher {
  private chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly keep: (body: Buffer) => void,
  ) {}

  onData(chunk: Buffer): void {
    this.bytes += chunk.length;
    // A copy of its own: the chunk may be a small part of a large buffer.
    if (this.bytes <= this.maxBytes) this.chunks.push(Buffer.from(chunk));
    else this.chunks = [];
  }

  onEnd(): void {
    if (this.bytes <= this.maxBytes) this.keep(Buffer.concat(this.chunks));
  }
}

function isCacheable({ request }: Exchange): boolean {
  const { method, headers } = request;
  if (method !== 'GET' || headers.has('transfer-encoding')) return false;
  if (Number(headers.get('content-length') ?? 0) > 0) return false;
  const directives = directivesOf(headers.getAll('cache-control'));
  return !directives.has('no-store') && !directives.has('private');
}

function questionOf({ request, route }: Exchange): CacheQuestion {
  const { path, query } = request;
  const headers = request.headers.clone();
  const valuesOf = (name: string): string => headers.getAll(name).join(', ');
  const cookies = headers
    .getAll('cookie')
    .flatMap((line) => line.split(';'))
    .map((cookie) => cookie.trim())
    .sort();
  // A part is not the whole, and another route's answer is not this one's.
  const facts = [
    route.id,
    headers.get('host'),
    query === undefined ? path : `${path}?${query}`,
    valuesOf('authorization'),
    cookies,
    valuesOf('range'),
    valuesOf('if-range'),
  ];
  return { base: JSON.stringify(facts), header: valuesOf };
}

/** @returns `undefined`: it varies by more than a request's headers tell */
function varyNames(headers: HeaderList): readonly string[] | undefined {
  const names = headers
    .getAll('vary')
    .flatMap((line) => line.split(','))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  return names.includes('*') ? undefined : [...new Set(names)].sort();
}

function answer(exchange: Exchange, { status, lines, body }: CachedResponse, leftMs: number): void {
  const headers = new HeaderList([...lines]);
  limitAge(headers, leftMs);
  exchange.answer({ status, headers, body });
}

/** The client is told how long the gateway would give the same, and no older rule. */
function limitAge(headers: HeaderList, leftMs: number): void {
  headers.remove('pragma');
  headers.remove('expires');
  headers.set('Cache-Control', withMaxAge(headers.getAll('cache-control'), Math.floor(leftMs / 1_000)));
}
