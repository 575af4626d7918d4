import type { Clock } from '@tigateway/model';
import type { UpstreamTarget } from '@tigateway/routing';
import type { UpstreamFailure } from '../ports/upstream-client.js';
import type { ServiceInstance } from '../ports/service-instances.js';
import type { ServiceSettings } from './service-settings.js';

export type InstanceStatus =
  | 'UP'
  /** Failed too often in a row, until its time is over. */
  | 'EJECTED'
  /** One request is trying whether it is back. */
  | 'PROBING'
  /** Does not answer those who ask how it is. */
  | 'DOWN';

/** Hears of an instance that goes out or comes back. */
export type StatusListener = (instance: BalancedInstance, reason: string) => void;

/**
 * One instance of a service, and what has become of the requests that were given to it. It counts by plain fields: a request
 * allocates nothing here, and looks at the clock only while an instance is out.
 */
export class BalancedInstance {
  /** Requests under way. */
  active = 0;
  /** Since the instance is known. */
  requests = 0;
  failures = 0;
  ejections = 0;
  private failuresInRow = 0;
  /** Where the monotonic clock stands when it may be tried again; 0 while it is in. */
  private outUntilMs = 0;
  private lastEjectMs = 0;
  private backSinceMs = 0;
  private isProbing = false;
  private isDown = false;
  private checksInRow = 0;
  private readonly targets = new Map<string, BalancedTarget>();

  constructor(
    readonly instance: ServiceInstance,
    private readonly settings: ServiceSettings,
    private readonly clock: Clock,
    private readonly onStatus: StatusListener,
  ) {}

  get status(): InstanceStatus {
    if (this.isDown) return 'DOWN';
    if (this.outUntilMs === 0) return 'UP';
    return this.isProbing ? 'PROBING' : 'EJECTED';
  }

  /** Whether a request may be given to it; one whose time out is over may have one. */
  get isAvailable(): boolean {
    if (this.isDown) return false;
    if (this.outUntilMs === 0) return true;
    return !this.isProbing && this.clock.monotonicMs() >= this.outUntilMs;
  }

  /** It as the target of a request. @param scheme of the connection */
  target(scheme: string): BalancedTarget {
    let target = this.targets.get(scheme);
    if (target === undefined) this.targets.set(scheme, (target = new BalancedTarget(this, scheme)));
    return target;
  }

  /** A request goes to it. Followed by `answered` or `failed`, or neither where nobody waited, and always by `ended`. */
  began(): void {
    this.active++;
    this.requests++;
    // Its time is over, or there is nobody else.
    if (this.outUntilMs !== 0) this.isProbing = true;
  }

  answered(status: number): void {
    if (status >= 500) {
      this.fail(`status ${status}`);
      return;
    }
    this.failuresInRow = 0;
    if (!this.isProbing) return;
    this.isProbing = false;
    this.outUntilMs = 0;
    this.backSinceMs = this.clock.monotonicMs();
    this.onStatus(this, 'answers again');
  }

  failed(failure: UpstreamFailure): void {
    switch (failure) {
      case 'request-body':
      case 'pool-exhausted':
      case 'denied':
        // None of its doing.
        return;
      default:
        this.fail(failure);
    }
  }

  ended(): void {
    this.active--;
    // A probe that was given up says nothing: the next request is one.
    this.isProbing &&= this.active > 0;
  }

  /** One of those who ask how it is has got its answer. */
  checked(isGood: boolean, reason: string): void {
    const { active } = this.settings;
    if (active === undefined) return;
    if (isGood !== this.isDown) {
      this.checksInRow = 0;
      return;
    }
    this.checksInRow++;
    if (this.checksInRow < (isGood ? active.healthyThreshold : active.unhealthyThreshold)) return;
    this.checksInRow = 0;
    this.isDown = !isGood;
    if (isGood) {
      this.failuresInRow = 0;
      this.outUntilMs = 0;
      this.isProbing = false;
    }
    this.onStatus(this, reason);
  }

  private fail(reason: string): void {
    const { failures } = this.settings.passive;
    this.failures++;
    if (failures === 0) return;
    if (this.isProbing) this.eject(reason);
    else if (this.outUntilMs === 0 && ++this.failuresInRow >= failures) this.eject(reason);
  }

  private eject(reason: string): void {
    const { ejectMs, maxEjectMs } = this.settings.passive;
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.outUntilMs) {
      // It was asked early, for want of another.
      this.isProbing = false;
      return;
    }
    const wasGoodFor = this.isProbing ? 0 : nowMs - this.backSinceMs;
    // Whoever has kept well for as long as it was out begins anew.
    const isRelapse = this.lastEjectMs > 0 && wasGoodFor <= this.lastEjectMs;
    this.lastEjectMs = Math.min(maxEjectMs, isRelapse ? 2 * this.lastEjectMs : ejectMs);
    this.outUntilMs = nowMs + this.lastEjectMs;
    this.failuresInRow = 0;
    this.isProbing = false;
    this.ejections++;
    this.onStatus(this, `out for ${this.lastEjectMs} ms: ${reason}`);
  }
}

/** An instance as the target of a request. */
export class BalancedTarget implements UpstreamTarget {
  readonly host: string;
  readonly port: number;
  readonly authority: string;

  constructor(
    readonly of: BalancedInstance,
    readonly scheme: string,
  ) {
    const { host, port, authority } = of.instance;
    this.host = host;
    this.port = port;
    this.authority = authority;
  }
}
