import type { Clock } from '@tigateway/model';

export type BreakerState = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

/** Resilience4j's settings, by what they mean. */
export interface BreakerSettings {
  /** The last calls that are looked at. */
  readonly windowCalls: number;
  /** Fewer prove nothing. */
  readonly minimumCalls: number;
  /** The share of failures, in percent, from which on the breaker opens. */
  readonly failurePercent: number;
  /** How long it stays open, in milliseconds, before it lets probes through. */
  readonly openMs: number;
  /** Calls that are let through before it is judged anew. */
  readonly probes: number;
}

/** A call that was let through. It ends with exactly one of the three. */
export interface BreakerCall {
  succeeded(): void;
  failed(): void;
  /** Nobody knows how it would have ended: the client went away. */
  abandoned(): void;
}

/**
 * Opens where too many of the last calls failed, and lets some through after a while to see whether it may close again. As
 * Resilience4j's with a window of calls: several probes are judged together, and what is above their number is turned away, not
 * kept waiting. Not a promise is made here.
 */
export class CircuitBreaker {
  private current: BreakerState = 'CLOSED';
  private window: Outcomes;
  private openedAtMs = 0;
  private probesLeft = 0;
  /** Calls turned away, ever. */
  refused = 0;
  /** Calls that ended well or badly, ever. */
  successes = 0;
  failures = 0;

  constructor(
    readonly settings: BreakerSettings,
    private readonly clock: Clock,
    private readonly onChange: (state: BreakerState, breaker: CircuitBreaker) => void = () => undefined,
  ) {
    this.window = new Outcomes(settings.windowCalls);
  }

  get state(): BreakerState {
    return this.current;
  }

  /** Calls in the window, and those of them that failed. */
  get seen(): { readonly calls: number; readonly failed: number } {
    return this.window;
  }

  /** Percent; -1 where there were too few calls to tell. */
  get failurePercent(): number {
    const { calls, failed } = this.window;
    return calls < this.minimum || calls === 0 ? -1 : (failed * 100) / calls;
  }

  /** @returns `undefined`: the call must not be made */
  enter(): BreakerCall | undefined {
    if (this.current === 'OPEN' && this.clock.monotonicMs() - this.openedAtMs >= this.settings.openMs) {
      this.become('HALF_OPEN');
    }
    if (this.current === 'OPEN' || (this.current === 'HALF_OPEN' && this.probesLeft === 0)) {
      this.refused++;
      return undefined;
    }
    if (this.current === 'HALF_OPEN') this.probesLeft--;
    // A call that began in another state says nothing about this one.
    const { window } = this;
    return {
      succeeded: () => {
        this.successes++;
        if (this.window === window) this.note(false);
      },
      failed: () => {
        this.failures++;
        if (this.window === window) this.note(true);
      },
      abandoned: () => {
        if (this.window === window && this.current === 'HALF_OPEN') this.probesLeft++;
      },
    };
  }

  private get minimum(): number {
    const { windowCalls, minimumCalls, probes } = this.settings;
    return this.current === 'HALF_OPEN' ? probes : Math.min(minimumCalls, windowCalls);
  }

  private note(failed: boolean): void {
    this.window.add(failed);
    const percent = this.failurePercent;
    // Calls that were under way when it opened still end; it does not open twice for them.
    if (percent < 0 || this.current === 'OPEN') return;
    if (percent >= this.settings.failurePercent) this.become('OPEN');
    else if (this.current === 'HALF_OPEN') this.become('CLOSED');
  }

  private become(state: BreakerState): void {
    this.current = state;
    if (state === 'OPEN') this.openedAtMs = this.clock.monotonicMs();
    else this.window = new Outcomes(state === 'CLOSED' ? this.settings.windowCalls : this.settings.probes);
    if (state === 'HALF_OPEN') this.probesLeft = this.settings.probes;
    this.onChange(state, this);
  }
}

/** The last `size` outcomes. */
class Outcomes {
  calls = 0;
  failed = 0;
  private next = 0;
  private readonly ring: Uint8Array;

  constructor(size: number) {
    this.ring = new Uint8Array(size);
  }

  add(failed: boolean): void {
    const { ring, next } = this;
    if (this.calls < ring.length) this.calls++;
    else this.failed -= ring[next] as number;
    ring[next] = failed ? 1 : 0;
    this.failed += ring[next];
    this.next = (next + 1) % ring.length;
  }
}
