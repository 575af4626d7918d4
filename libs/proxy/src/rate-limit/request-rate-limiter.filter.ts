import { createHash } from 'node:crypto';
import { Flag, HttpStatus, Nested, Text } from '@tigateway/model';
import {
  type CompileContext,
  type CompiledGlobals,
  ComponentError,
  type Exchange,
  type FilterFactory,
  filterText,
  type GatewayFilter,
  type Shortcut,
} from '@tigateway/routing';
import { stateKey } from '../filter-state/filter-states.js';
import { ProxiedExchange } from '../gateway/proxied-exchange.js';
import { Bucket4jArgs, bucket4jLimit } from './bucket4j.limit.js';
import { type KeyResolver, PRINCIPAL } from './key-resolver.js';
import type { Limit, Told } from './limit.js';
import { RateLimiter } from './rate-limiter.js';
import type { Verdict } from './rate-limiter-backend.js';
import { TokenBucketArgs, tokenBucketLimit } from './token-bucket.limit.js';

export class RequestRateLimiterArgs {
  @Nested(() => TokenBucketArgs, { key: 'redis-rate-limiter', optional: true })
  tokenBucket?: TokenBucketArgs;

  @Nested(() => Bucket4jArgs, { key: 'bucket4j-rate-limiter', optional: true })
  bucket4j?: Bucket4jArgs;

  @Text({ about: 'Whose bucket it is: `#{@name}` of a key resolver.' })
  keyResolver = `#{@${PRINCIPAL}}`;

  @Text({
    optional: true,
    about: '`#{@redisRateLimiter}` or `#{@bucket4jRateLimiter}`: the one whose arguments are given.',
  })
  rateLimiter?: string;

  @HttpStatus({ namesOnly: true, about: 'Answers a request that is one too many.' })
  statusCode = 429;

  @Flag({ optional: true, about: 'Refuse a request without a key; else it is not limited.' })
  denyEmptyKey?: boolean;

  @HttpStatus({ optional: true, about: 'Answers a request without a key.' })
  emptyKeyStatus?: number;

  @Flag({ about: 'Fail with an error (500) instead of answering with the status.' })
  throwOnLimit = false;
}

export class RequestRateLimiterFilterFactory implements FilterFactory<RequestRateLimiterArgs> {
  readonly name = 'RequestRateLimiter';
  readonly args = RequestRateLimiterArgs;
  readonly shortcut: Shortcut = {
    kind: 'fields',
    names: [
      'redis-rate-limiter.replenishRate',
      'redis-rate-limiter.burstCapacity',
      'redis-rate-limiter.requestedTokens',
      'keyResolver',
    ],
  };
  readonly about =
    'Lets each client ask so many times in a time and answers 429 to what is more. How often is said by either `redis-rate-limiter` or `bucket4j-rate-limiter`; where it is counted, by the bootstrap file.';
  readonly example = 'RequestRateLimiter=10,20,1,#{@ipKeyResolver}';

  constructor(private readonly limiter: RateLimiter) {}

  compile(args: RequestRateLimiterArgs, { position, warn }: CompileContext): GatewayFilter {
    const limit = limitOf(args);
    const { keyResolvers } = this.limiter;
    const keyOf = keyResolvers.find(args.keyResolver);
    if (keyOf === undefined) {
      const known = keyResolvers.references.join(', ');
      throw new ComponentError('keyResolver', `"${args.keyResolver}" is no key resolver; expected one of ${known}`);
    }
    if (keyResolvers.isPrincipal(keyOf) && args.denyEmptyKey !== false) {
      warn?.(
        'keyResolver',
        'nobody logs in at the gateway, so that there is no principal and every request is refused',
      );
    }
    return new RequestRateLimiter(args, limit, keyOf, idOf(stateKey(this.name, position, args)), this.limiter);
  }
}

/** Whichever way it is written. Where the buckets are kept is for the bootstrap file to say, in both. */
function limitOf({ tokenBucket, bucket4j, rateLimiter }: RequestRateLimiterArgs): Limit {
  if ((tokenBucket === undefined) === (bucket4j === undefined)) {
    throw new ComponentError(undefined, 'expected one of redis-rate-limiter and bucket4j-rate-limiter');
  }
  const name = tokenBucket ? 'redisRateLimiter' : 'bucket4jRateLimiter';
  if (rateLimiter !== undefined && /^#\{\s*@(\w+)\s*\}$/.exec(rateLimiter)?.[1] !== name) {
    throw new ComponentError('rateLimiter', `"${rateLimiter}" must be #{@${name}}, whose arguments are given`);
  }
  return tokenBucket ? tokenBucketLimit(tokenBucket) : bucket4jLimit(bucket4j as Bucket4jArgs);
}

/** Short, because it is part of every key. */
function idOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url').slice(0, 12);
}

class RequestRateLimiter implements GatewayFilter {
  /** What a client is told beside what is left, made for these settings, which seldom change. */
  private told: { readonly by: CompiledGlobals['rateLimiterHeaders']; readonly headers: Told | undefined } | undefined;

  constructor(
    private readonly args: RequestRateLimiterArgs,
    private readonly limit: Limit,
    private readonly keyOf: KeyResolver,
    private readonly id: string,
    private readonly limiter: RateLimiter,
  ) {}

  onRequest(exchange: Exchange): void | Promise<void> {
    const key = this.keyOf(exchange);
    if (key === '') return this.refuseWithoutKey(exchange);
    const verdict = this.limiter.backend.take(`${exchange.route.id}.${this.id}.${inKey(key)}`, this.limit.bucket);
    if (!(verdict instanceof Promise)) return this.judge(exchange, verdict);
    return verdict.then((late) => this.judge(exchange, late));
  }

  private judge(exchange: Exchange, { isAllowed, remaining }: Verdict): void {
    const headers = this.headersBy(exchange.globals.rateLimiterHeaders);
    if (headers) {
      ProxiedExchange.of(exchange).addOwnLines([headers.remaining, String(remaining), ...headers.constantLines]);
    }
    if (isAllowed) return;
    if (this.args.throwOnLimit) throw new Error('too many requests');
    exchange.answer({ status: this.args.statusCode });
  }

  /** The filter's own word counts, then the global configuration's, then the bootstrap file's. */
  private refuseWithoutKey(exchange: Exchange): void {
    const { args, limiter } = this;
    const { denyEmptyKey, emptyKeyStatusCode } = exchange.globals.requestRateLimiter;
    if (!(args.denyEmptyKey ?? denyEmptyKey ?? limiter.options.denyEmptyKey)) return;
    exchange.answer({ status: args.emptyKeyStatus ?? emptyKeyStatusCode ?? limiter.options.emptyKeyStatus });
  }

  private headersBy(settings: CompiledGlobals['rateLimiterHeaders']): Told | undefined {
    if (this.told?.by !== settings) {
      this.told = { by: settings, headers: this.limit.told(this.limiter.options.headers, settings) };
    }
    return this.told.headers;
  }

  toString(): string {
    return filterText('RequestRateLimiter', [...this.limit.shown, ['keyResolver', this.args.keyResolver]]);
  }
}

/** The client chooses it: what is long, or would end Redis's hash tag early, is shortened to what it hashes to. */
function inKey(key: string): string {
  return key.length <= 100 && !key.includes('}') ? key : createHash('sha256').update(key).digest('base64url');
}
