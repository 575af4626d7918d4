import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Flag, HttpStatus, Int, Nested, Text } from '@tigateway/model';
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
import { Max, Min } from 'class-validator';
import { stateKey } from '../filter-state/filter-states.js';
import { ProxiedExchange } from '../gateway/proxied-exchange.js';
import { type KeyResolver, PRINCIPAL } from './key-resolver.js';
import { RateLimiter } from './rate-limiter.js';
import type { BucketSettings, Verdict } from './rate-limiter-backend.js';

export class TokenBucketArgs {
  @Int({ key: 'replenishRate', about: 'Tokens a second.' })
  @Min(1)
  replenishRate!: number;

  @Int({ key: 'burstCapacity', optional: true, about: 'Tokens that a bucket holds; the rate where it is left out.' })
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  burstCapacity?: number;

  @Int({ key: 'requestedTokens', about: 'Tokens that one request costs.' })
  @Min(1)
  requestedTokens = 1;
}

export class RequestRateLimiterArgs {
  @Nested(() => TokenBucketArgs, { key: 'redis-rate-limiter', about: 'The bucket, wherever it is kept.' })
  bucket!: TokenBucketArgs;

  @Text({ about: 'Whose bucket it is: `#{@name}` of a key resolver.' })
  keyResolver = `#{@${PRINCIPAL}}`;

  @Text({ optional: true, about: '`#{@redisRateLimiter}`: the backend of the bootstrap file, which it is anyway.' })
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

@Injectable()
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
  readonly about = 'Lets each client ask so many times a second and answers 429 to what is more.';
  readonly example = 'RequestRateLimiter=10,20,1,#{@ipKeyResolver}';

  constructor(private readonly limiter: RateLimiter) {}

  compile(args: RequestRateLimiterArgs, { position, warn }: CompileContext): GatewayFilter {
    const { replenishRate, burstCapacity = replenishRate, requestedTokens } = args.bucket;
    if (burstCapacity < replenishRate) {
      throw new ComponentError('bucket', 'burstCapacity must not be less than replenishRate');
    }
    if (args.rateLimiter !== undefined && !/^#\{\s*@redisRateLimiter\s*\}$/.test(args.rateLimiter)) {
      throw new ComponentError('rateLimiter', `"${args.rateLimiter}" must be #{@redisRateLimiter}`);
    }
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
    const bucket = { replenishRate, burstCapacity, requestedTokens };
    return new RequestRateLimiter(args, bucket, keyOf, idOf(stateKey(this.name, position, args)), this.limiter);
  }
}

/** Short, because it is part of every key. */
function idOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url').slice(0, 12);
}

interface Told {
  readonly remaining: string;
  readonly constantLines: readonly string[];
}

class RequestRateLimiter implements GatewayFilter {
  /** What a client is told beside what is left, made for these settings, which seldom change. */
  private told: { readonly by: CompiledGlobals['rateLimiterHeaders']; readonly headers: Told | undefined } | undefined;

  constructor(
    private readonly args: RequestRateLimiterArgs,
    private readonly bucket: BucketSettings,
    private readonly keyOf: KeyResolver,
    private readonly id: string,
    private readonly limiter: RateLimiter,
  ) {}

  onRequest(exchange: Exchange): void | Promise<void> {
    const key = this.keyOf(exchange);
    if (key === '') return this.refuseWithoutKey(exchange);
    const verdict = this.limiter.backend.take(`${exchange.route.id}.${this.id}.${inKey(key)}`, this.bucket);
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
    if (this.told?.by !== settings) this.told = { by: settings, headers: this.makeHeaders(settings) };
    return this.told.headers;
  }

  private makeHeaders(settings: CompiledGlobals['rateLimiterHeaders']): Told | undefined {
    const { headers } = this.limiter.options;
    if (!(settings.includeHeaders ?? headers.included)) return undefined;
    const { replenishRate, burstCapacity, requestedTokens } = this.bucket;
    return {
      remaining: settings.remainingHeader ?? headers.remaining,
      constantLines: [
        settings.replenishRateHeader ?? headers.replenishRate,
        String(replenishRate),
        settings.burstCapacityHeader ?? headers.burstCapacity,
        String(burstCapacity),
        settings.requestedTokensHeader ?? headers.requestedTokens,
        String(requestedTokens),
      ],
    };
  }

  toString(): string {
    const { replenishRate, burstCapacity, requestedTokens } = this.bucket;
    return filterText('RequestRateLimiter', [
      ['replenishRate', replenishRate],
      ['burstCapacity', burstCapacity],
      ['requestedTokens', requestedTokens],
      ['keyResolver', this.args.keyResolver],
    ]);
  }
}

/** The client chooses it: what is long, or would end Redis's hash tag early, is shortened to what it hashes to. */
function inKey(key: string): string {
  return key.length <= 100 && !key.includes('}') ? key : createHash('sha256').update(key).digest('base64url');
}
