import { type Clock, Decimal, DurationMs, Flag, Int, ListOf, Nested, SizeBytes, statusName } from '@tigateway/model';
import {
  type CompileContext,
  ComponentError,
  type Exchange,
  type FilterFactory,
  filterText,
  type GatewayFilter,
  type Shortcut,
  Unquoted,
} from '@tigateway/routing';
import { ArrayNotEmpty, Max, Min } from 'class-validator';
import { GATEWAY_TIMEOUT_EXCEPTION, IO_EXCEPTION, isOneOf, JAVA_EXCEPTIONS } from '../gateway/java-exception.js';
import { ProxiedExchange } from '../gateway/proxied-exchange.js';
import { BackOff, type BackOffSettings } from './back-off.js';

const SERIES = ['INFORMATIONAL', 'SUCCESSFUL', 'REDIRECTION', 'CLIENT_ERROR', 'SERVER_ERROR'] as const;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;

type Series = (typeof SERIES)[number];
type Method = (typeof METHODS)[number];

export class RetryBackOffArgs {
  @DurationMs({ key: 'firstBackoff', about: 'Before the first retry.' })
  @Min(1)
  firstBackoffMs = 5;

  @DurationMs({ key: 'maxBackoff', optional: true, about: 'No delay is longer.' })
  maxBackoffMs?: number;

  @Decimal({ about: 'What each delay is multiplied by.' })
  @Min(1)
  factor = 2;

  @Flag({ key: 'basedOnPreviousValue', about: 'Grow from the delay before, its jitter included; else from the first.' })
  basedOnPreviousValue = true;
}

export class RetryJitterArgs {
  @Decimal({ key: 'randomFactor', about: 'A delay moves by up to this share of itself.' })
  @Min(0)
  @Max(1)
  randomFactor = 0.5;
}

export class RetryArgs {
  @Int({ about: 'Attempts after the first.' })
  @Min(1)
  retries = 3;

  @ListOf({ kind: 'choice', choices: SERIES }, { about: 'Classes of status that are retried.' })
  series: Series[] = ['SERVER_ERROR'];

  @ListOf({ kind: 'httpStatus', namesOnly: true }, { about: 'Statuses that are retried beside those of the series.' })
  statuses: number[] = [];

  @ListOf({ kind: 'choice', choices: METHODS }, { about: 'Methods that are retried.' })
  @ArrayNotEmpty()
  methods: Method[] = ['GET'];

  @ListOf({ kind: 'text' }, { about: 'Failures that are retried, by their Java class.' })
  exceptions: string[] = [IO_EXCEPTION, GATEWAY_TIMEOUT_EXCEPTION];

  @Nested(() => RetryBackOffArgs, {
    optional: true,
    about: 'How long to wait before each retry; left out: not at all.',
  })
  backoff?: RetryBackOffArgs;

  @Nested(() => RetryJitterArgs, { optional: true, about: 'Spreads the delays; left out: not at all.' })
  jitter?: RetryJitterArgs;

  @DurationMs({ key: 'timeout', optional: true, about: 'No retry starts later than this after the first attempt.' })
  @Min(1)
  timeoutMs?: number;

  @SizeBytes({
    key: 'bufferLimit',
    about: 'A request body up to this size is kept for retries; a larger one is not retried.',
  })
  @Min(0)
  bufferLimitBytes = 262_144;
}

export class RetryFilterFactory implements FilterFactory<RetryArgs> {
  readonly name = 'Retry';
  readonly args = RetryArgs;
  readonly shortcut: Shortcut = {
    kind: 'fields',
    names: [
      'retries',
      'statuses',
      'methods',
      'backoff.firstBackoff',
      'backoff.maxBackoff',
      'backoff.factor',
      'backoff.basedOnPreviousValue',
      'jitter.randomFactor',
      'timeout',
    ],
  };
  readonly about = 'Asks the upstream again where it failed; on `lb://` another instance.';
  readonly example = 'Retry=3,BAD_GATEWAY,GET,10ms,50ms,2,false';

  compile(args: RetryArgs, { clock }: CompileContext): GatewayFilter {
    const { series, statuses, exceptions, backoff } = args;
    if (series.length === 0 && statuses.length === 0 && exceptions.length === 0) {
      throw new ComponentError('series', 'series, statuses and exceptions are all empty: nothing would be retried');
    }
    const { firstBackoffMs = 0, maxBackoffMs } = backoff ?? {};
    if (maxBackoffMs !== undefined && maxBackoffMs < firstBackoffMs) {
      throw new ComponentError('backoff', 'maxBackoff must not be less than firstBackoff');
    }
    return new Retry(args, exceptions.map(exceptionNamed), clock);
  }
}

/** @throws ComponentError where no failure is called so */
function exceptionNamed(name: string): string {
  const known = JAVA_EXCEPTIONS.find((each) => each === name || each.endsWith(`.${name}`));
  if (known !== undefined) return known;
  throw new ComponentError('exceptions', `no failure is called "${name}"; known are ${JAVA_EXCEPTIONS.join(', ')}`);
}

class Retry implements GatewayFilter {
  private readonly methods: ReadonlySet<string>;
  private readonly statuses: ReadonlySet<number>;
  private readonly series: ReadonlySet<number>;
  private readonly exceptions: ReadonlySet<string>;
  private readonly backOff: BackOffSettings | undefined;

  constructor(
    private readonly args: RetryArgs,
    exceptions: readonly string[],
    private readonly clock: Clock,
  ) {
    const { methods, statuses, series, backoff, jitter } = args;
    this.methods = new Set<string>(methods);
    this.statuses = new Set(statuses);
    this.series = new Set(series.map((each) => SERIES.indexOf(each) + 1));
    this.exceptions = new Set(exceptions);
    this.backOff = backoff && {
      firstMs: backoff.firstBackoffMs,
      maxMs: backoff.maxBackoffMs,
      factor: backoff.factor,
      basedOnPrevious: backoff.basedOnPreviousValue,
      jitter: jitter?.randomFactor ?? 0,
    };
  }

  around(exchange: Exchange, proceed: () => Promise<void>): Promise<void> {
    if (!this.methods.has(exchange.request.method)) return proceed();
    const proxied = ProxiedExchange.of(exchange);
    proxied.keepBody(this.args.bufferLimitBytes);
    return this.attempts(proxied, proceed);
  }

  private async attempts(exchange: ProxiedExchange, proceed: () => Promise<void>): Promise<void> {
    const { retries, timeoutMs = Infinity } = this.args;
    const deadlineMs = this.clock.monotonicMs() + timeoutMs;
    const delays = this.backOff && new BackOff(this.backOff, Math.random);
    for (let left = retries; ; left--) {
      let failure: Error | undefined;
      try {
        await proceed();
        if (!this.isRetried(exchange)) return;
      } catch (error) {
        if (!isOneOf(error, this.exceptions)) throw error;
        failure = error as Error;
      }
      const delayMs = delays?.next() ?? 0;
      if (left === 0 || !exchange.isRepeatable || this.clock.monotonicMs() + delayMs > deadlineMs) {
        // The last response goes to the client; so does the last failure.
        if (failure !== undefined) throw failure;
        return;
      }
      exchange.dropResponse();
      if (delayMs > 0) await exchange.wait(delayMs, this.clock);
    }
  }

  /** What a later filter has answered by itself is final. */
  private isRetried({ shortResponse, response }: ProxiedExchange): boolean {
    if (shortResponse !== undefined) return false;
    return this.statuses.has(response.status) || this.series.has(Math.trunc(response.status / 100));
  }

  toString(): string {
    const { retries, series, statuses, methods } = this.args;
    return filterText('Retry', [
      ['retries', retries],
      ['series', list(series)],
      ['statuses', list(statuses.map(statusName))],
      ['methods', list(methods)],
      ['exceptions', list([...this.exceptions])],
    ]);
  }
}

function list(items: readonly string[]): Unquoted {
  return new Unquoted(`list[${items.join(', ')}]`);
}
