import { type Clock, Decimal, DurationMs, type Scheduled, SizeBytes, Text } from '@tigateway/model';
import {
  type CompileContext,
  ComponentError,
  type Exchange,
  type FilterFactory,
  filterText,
  type GatewayFilter,
  parseTargetUri,
  type RouteUri,
  type Shortcut,
} from '@tigateway/routing';
import { IsNotEmpty, Max, Min } from 'class-validator';
import { ProxiedExchange } from '../gateway/proxied-exchange.js';

/** So many copies of one filter under way; what comes beyond them is not copied: a slow mirror must not pile them up. */
const MAX_UNDER_WAY = 128;

export class RequestMirrorArgs {
  @Text({ about: 'Who gets the copies: an http, https or lb URI without a path.' })
  @IsNotEmpty()
  uri!: string;

  @Decimal({ about: 'The share of the requests that is copied, in percent.' })
  @Min(0)
  @Max(100)
  percent = 100;

  @SizeBytes({ key: 'bufferLimit', about: 'A request with a larger body is not copied.' })
  @Min(0)
  bufferLimitBytes = 65_536;

  @DurationMs({ key: 'timeout', about: 'A copy that takes longer is given up.' })
  @Min(1)
  timeoutMs = 10_000;
}

export class RequestMirrorFilterFactory implements FilterFactory<RequestMirrorArgs> {
  readonly name = 'RequestMirror';
  readonly args = RequestMirrorArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['uri', 'percent'] };
  readonly about = 'Sends a copy of the request to another upstream; nobody waits for what becomes of it.';
  readonly example = 'RequestMirror=lb://orders-next,10';

  compile(args: RequestMirrorArgs, { clock }: CompileContext): GatewayFilter {
    const parsed = parseTargetUri(args.uri);
    const isPlain = parsed?.path === undefined || (parsed.path === '/' && parsed.query === undefined);
    if (parsed === undefined || !isPlain || /^(?:lb:)?wss?:/i.test(args.uri)) {
      throw new ComponentError('uri', `"${args.uri}" is no http, https or lb URI without a path`);
    }
    return new RequestMirror(args, parsed.uri, clock);
  }
}

class RequestMirror implements GatewayFilter {
  private underWay = 0;
  /** Set on what has been copied, or drawn not to be: a retry is no new request. */
  private readonly isSeen = Symbol('is mirrored');

  constructor(
    private readonly args: RequestMirrorArgs,
    private readonly uri: RouteUri,
    private readonly clock: Clock,
  ) {}

  onRequest(exchange: Exchange): void {
    const proxied = ProxiedExchange.of(exchange);
    if (proxied.isUpgrade || exchange.attribute(this.isSeen) !== undefined) return;
    exchange.setAttribute(this.isSeen, true);
    const { percent, bufferLimitBytes, timeoutMs } = this.args;
    if (Math.random() * 100 >= percent) return;
    let deadline: Scheduled | undefined;
    proxied.copyTo(this.uri, bufferLimitBytes, {
      begins: () => {
        if (this.underWay >= MAX_UNDER_WAY) return false;
        this.underWay++;
        return true;
      },
      sent: (copy) => void (deadline = this.clock.schedule(timeoutMs, () => copy.abort())),
      over: () => {
        deadline?.cancel();
        this.underWay--;
      },
    });
  }

  toString(): string {
    const { uri, percent } = this.args;
    return filterText('RequestMirror', [
      ['uri', uri],
      ['percent', percent],
    ]);
  }
}
