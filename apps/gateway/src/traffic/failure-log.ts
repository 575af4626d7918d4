import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { type Refusal, type RequestFacts, UpstreamError } from '@tigateway/proxy';
import { ExchangeError } from '@tigateway/routing';

/** Lines that one second may have: an upstream that is away fails every request, and says no more with the thousandth. */
const LINES_A_SECOND = 20;

/** Says what went wrong with requests, and whose it was: an upstream's, the client's or the gateway's own. */
@Injectable()
export class FailureLog {
  private readonly logger = new Logger('Traffic');
  private secondEndsMs = 0;
  private lines = 0;
  private unsaid = 0;

  constructor(private readonly clock: Clock) {}

  failed({ failure, routeId, method, path, status, outcome, remoteAddress }: RequestFacts): void {
    if (failure instanceof UpstreamError && failure.failure === 'request-body') return;
    if (!this.mayWrite()) return;
    const { message } = failure instanceof Error ? failure : { message: String(failure) };
    const line = { routeId, method, path, status, outcome, remoteAddress, failure: message };
    if (failure instanceof UpstreamError) this.logger.warn({ ...line, kind: failure.failure });
    else if (failure instanceof ExchangeError) this.logger.warn(line);
    // None of those that are meant to happen: where it came from is what is wanted.
    else this.logger.error({ ...line, err: failure });
  }

  refused({ status, why, remoteAddress }: Refusal): void {
    if (this.mayWrite()) this.logger.warn({ status, remoteAddress, failure: `refused: ${why}` });
  }

  private mayWrite(): boolean {
    const nowMs = this.clock.monotonicMs();
    if (nowMs >= this.secondEndsMs) {
      if (this.unsaid > 0) this.logger.warn(`${this.unsaid} more failures were not logged`);
      this.secondEndsMs = nowMs + 1_000;
      this.lines = 0;
      this.unsaid = 0;
    }
    if (this.lines++ < LINES_A_SECOND) return true;
    this.unsaid++;
    return false;
  }
}
