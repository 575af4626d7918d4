import { type Clock, Decimal, DurationMs, Flag, Int, ListOf, SizeBytes, Text } from '@tigateway/model';
import {
  type CompileContext,
  ComponentError,
  type Exchange,
  FALLBACK_CAUSE,
  type FallbackCause,
  type FilterFactory,
  filterText,
  PathTemplate,
  type Shortcut,
} from '@tigateway/routing';
import { IsNotEmpty, Max, Min } from 'class-validator';
import { type StatefulFilter, stateKey } from '../filter-state/filter-states.js';
import { javaClassOf } from '../gateway/java-exception.js';
import { ProxiedExchange } from '../gateway/proxied-exchange.js';
import { UpstreamError } from '../ports/upstream-client.js';
import { CallNotPermittedError, ListedStatusError, TimeLimitError } from './breaker-errors.js';
import type { BreakerSettings, CircuitBreaker } from './circuit-breaker.js';
import { CircuitBreakers } from './circuit-breakers.js';

export class CircuitBreakerArgs {
  @Text({ optional: true, about: 'What it is called in metrics and messages; the route’s id where it is left out.' })
  @IsNotEmpty()
  name?: string;

  @Text({
    key: 'fallbackUri',
    optional: true,
    template: true,
    about: '`forward:` and a path: the route that takes it answers instead.',
  })
  fallbackUri?: string;

  @ListOf(
    { kind: 'httpStatus', namesOnly: false },
    { key: 'statusCodes', about: 'Statuses that are failures, beside errors.' },
  )
  statusCodes: number[] = [];

  @Flag({ key: 'resumeWithoutError', about: 'Without a fallback: answer an error with an empty 200.' })
  resumeWithoutError = false;

  @DurationMs({ key: 'timeout', about: 'To the response’s head; a call that takes longer has failed. 0 for none.' })
  @Min(0)
  timeoutMs = 1_000;

  @Int({ key: 'slidingWindowSize', about: 'The last calls that are looked at.' })
  @Min(1)
  @Max(1_000_000)
  slidingWindowSize = 100;

  @Int({ key: 'minimumNumberOfCalls', about: 'Fewer prove nothing.' })
  @Min(1)
  minimumNumberOfCalls = 100;

  @Decimal({ key: 'failureRateThreshold', about: 'The share of failures, in percent, from which on it opens.' })
  @Min(0.01)
  @Max(100)
  failureRateThreshold = 50;

  @DurationMs({ key: 'waitDurationInOpenState', about: 'How long it stays open before it lets probes through.' })
  @Min(1)
  waitDurationInOpenStateMs = 60_000;

  @Int({
    key: 'permittedNumberOfCallsInHalfOpenState',
    about: 'Probes, after which it closes or opens again; what is above their number is turned away.',
  })
  @Min(1)
  @Max(1_000_000)
  permittedNumberOfCallsInHalfOpenState = 10;

  @SizeBytes({
    key: 'bufferLimit',
    about: 'A request body up to this size is kept for the fallback; with a larger one the failure goes to the client.',
  })
  @Min(0)
  bufferLimitBytes = 262_144;
}

export class CircuitBreakerFilterFactory implements FilterFactory<CircuitBreakerArgs> {
  readonly name = 'CircuitBreaker';
  readonly args = CircuitBreakerArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'fallbackUri'] };
  readonly about = 'Stops asking an upstream that fails too often, and may have another route answer instead.';
  readonly example = 'CircuitBreaker=orders,forward:/fallback';

  constructor(private readonly breakers: CircuitBreakers) {}

  compile(args: CircuitBreakerArgs, { clock, position }: CompileContext): StatefulFilter {
    const fallback = args.fallbackUri === undefined ? undefined : fallbackPath(args.fallbackUri);
    return new CircuitBreakerFilter(args, fallback, stateKey(this.name, position, args), this.breakers, clock);
  }
}

/** `forward:/a` and `forward:///a` are the same. @throws ComponentError */
function fallbackPath(uri: string): PathTemplate {
  const path = /^forward:(?:\/\/(?=\/))?(.*)$/.exec(uri)?.[1];
  if (path === undefined) throw new ComponentError('fallbackUri', `"${uri}" must begin with "forward:"`);
  return PathTemplate.parse(path.replace(/[?#].*$/, ''), 'fallbackUri');
}

class CircuitBreakerFilter implements StatefulFilter {
  private readonly statusCodes: ReadonlySet<number>;
  private readonly settings: BreakerSettings;

  constructor(
    private readonly args: CircuitBreakerArgs,
    private readonly fallback: PathTemplate | undefined,
    readonly stateKey: string,
    private readonly breakers: CircuitBreakers,
    private readonly clock: Clock,
  ) {
    this.statusCodes = new Set(args.statusCodes);
    this.settings = {
      windowCalls: args.slidingWindowSize,
      minimumCalls: args.minimumNumberOfCalls,
      failurePercent: args.failureRateThreshold,
      openMs: args.waitDurationInOpenStateMs,
      probes: args.permittedNumberOfCallsInHalfOpenState,
    };
  }

  get variables(): readonly string[] {
    return this.fallback?.variables ?? [];
  }

  async around(exchange: Exchange, proceed: () => Promise<void>): Promise<void> {
    const proxied = ProxiedExchange.of(exchange);
    const { fallback } = this;
    if (fallback === undefined) {
      const failure = await this.call(proxied, proceed);
      if (failure !== undefined) this.withoutFallback(proxied, failure);
      return;
    }
    proxied.keepBody(this.args.bufferLimitBytes);
    const before = proxied.mark();
    const failure = await this.call(proxied, proceed);
    if (failure === undefined) return;
    if (!proxied.isRepeatable) {
      if (failure instanceof ListedStatusError) return;
      throw failure;
    }
    proxied.rewind(before);
    proxied.setAttribute(FALLBACK_CAUSE, causeOf(failure));
    await proxied.answerFrom(fallback.expand(proxied.variables));
  }

  /** @returns why the call counts as failed */
  private async call(exchange: ProxiedExchange, proceed: () => Promise<void>): Promise<Error | undefined> {
    const name = this.args.name ?? exchange.route.id;
    const breaker = this.breakerOf(exchange.route.id, name);
    const call = breaker.enter();
    if (call === undefined) return new CallNotPermittedError(name, breaker.state);
    const limit = this.limit(exchange, name);
    try {
      await proceed();
      if (this.statusCodes.has(exchange.status)) {
        call.failed();
        return new ListedStatusError(exchange.status);
      }
      call.succeeded();
      return undefined;
    } catch (error) {
      if (error instanceof UpstreamError && error.failure === 'request-body') {
        call.abandoned();
        throw error;
      }
      call.failed();
      return error as Error;
    } finally {
      limit?.end();
    }
  }

  /** Starts the time limit of a call. */
  private limit(exchange: ProxiedExchange, name: string): { end(): void } | undefined {
    const { timeoutMs } = this.args;
    if (timeoutMs === 0) return undefined;
    let reason: Error | undefined;
    const timer = this.clock.schedule(timeoutMs, () => {
      reason = new TimeLimitError(name, timeoutMs);
      exchange.interrupt(reason);
    });
    return {
      end: () => {
        if (reason === undefined) timer.cancel();
        else exchange.resume(reason);
      },
    };
  }

  /** A listed status passes to the client as it is; the breaker's own verdicts are errors in any case. */
  private withoutFallback(exchange: ProxiedExchange, failure: Error): void {
    if (failure instanceof ListedStatusError) return;
    const isVerdict = failure instanceof CallNotPermittedError || failure instanceof TimeLimitError;
    if (isVerdict || !this.args.resumeWithoutError) throw failure;
    exchange.dropResponse();
  }

  private breakerOf(routeId: string, name: string): CircuitBreaker {
    return this.breakers.of(routeId, this.stateKey, name, this.settings);
  }

  toString(): string {
    const { name, fallbackUri } = this.args;
    return filterText('CircuitBreaker', [
      ['name', name],
      ['fallback', fallbackUri],
    ]);
  }
}

function causeOf(failure: Error): FallbackCause {
  let root = failure;
  while (root.cause instanceof Error) root = root.cause;
  const type = javaClassOf(failure);
  return { type, message: failure.message, rootType: type, rootMessage: root.message };
}
