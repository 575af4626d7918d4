import type { Clock, Scheduled } from '@tigateway/model';
import type { Channel } from '../channel.js';
import type { DeliverySettings } from '../settings/channel.settings.js';
import { DeliveryError, failureText } from '../outbound/delivery-error.js';
import type { DeliveryPermit } from './delivery-permit.js';
import { Lanes } from './lanes.js';
import type { Parcel } from './parcel.js';
import { retryDelayMs } from './retry-delay.js';

/** What a courier needs, and whom it tells. */
export interface CourierPorts {
  readonly clock: Clock;
  readonly permit: DeliveryPermit;
  /** True while what was given up is not durable yet: nothing new is begun. */
  isHeldUp(): boolean;
  delivered(parcel: Parcel, durationMs: number): void;
  failed(parcel: Parcel, error: string, durationMs: number): void;
  retried(): void;
  gaveUp(parcel: Parcel, error: string): void;
}

interface Opened {
  readonly channel: Channel;
  readonly settings: DeliverySettings;
}

/** Carries the parcels of one channel: several lanes at once, one parcel of each, again and again until it arrives or is given up. */
export class Courier {
  private readonly lanes = new Lanes<Parcel>();
  private readonly underWay = new Set<AbortController>();
  private readonly resting = new Map<Parcel, Scheduled>();
  private opened: Opened | undefined;
  private onIdle: (() => void) | undefined;

  constructor(
    private readonly concurrency: number,
    private readonly ports: CourierPorts,
  ) {}

  get inFlight(): number {
    return this.underWay.size;
  }

  /** Parcels that wait for their next attempt. */
  get waitingForRetry(): number {
    return this.resting.size;
  }

  /** Goes by these settings from now on. What waits for another attempt is tried at once: something has been mended. */
  open(channel: Channel, settings: DeliverySettings): void {
    this.shut();
    this.opened = { channel, settings };
    for (const [parcel, scheduled] of this.resting) {
      scheduled.cancel();
      this.lanes.again(parcel);
    }
    this.resting.clear();
    this.go();
  }

  /** Begins nothing more. What is under way goes on to its end with the settings that it began with. */
  shut(): void {
    const { opened } = this;
    this.opened = undefined;
    if (!opened) return;
    if (this.underWay.size === 0) void opened.channel.close();
    else this.whenIdle(() => void opened.channel.close());
  }

  /** Waits for what is under way, and ends it after `graceMs`. */
  async end(graceMs: number): Promise<void> {
    for (const scheduled of this.resting.values()) scheduled.cancel();
    this.shut();
    if (this.underWay.size === 0) return;
    await new Promise<void>((resolve) => {
      const limit = this.ports.clock.schedule(graceMs, () => {
        for (const attempt of this.underWay) attempt.abort(new DeliveryError('the gateway stopped meanwhile'));
      });
      this.whenIdle(() => {
        limit.cancel();
        resolve();
      });
    });
  }

  add(parcel: Parcel): void {
    this.lanes.add(parcel);
    this.go();
  }

  /** Begins what may begin. */
  go(): void {
    while (
      this.opened &&
      this.ports.permit.isGranted &&
      !this.ports.isHeldUp() &&
      this.underWay.size < this.concurrency
    ) {
      const parcel = this.lanes.next();
      if (!parcel) return;
      void this.attempt(parcel, this.opened);
    }
  }

  private async attempt(parcel: Parcel, { channel, settings }: Opened): Promise<void> {
    const { clock } = this.ports;
    const startedMs = clock.monotonicMs();
    const control = new AbortController();
    this.underWay.add(control);
    const limit = clock.schedule(settings.timeoutMs, () =>
      control.abort(new DOMException('the time is up', 'TimeoutError')),
    );
    let failure: unknown;
    try {
      await Promise.race([channel.send(parcel.message, control.signal), aborted(control.signal)]);
    } catch (error) {
      failure = control.signal.aborted ? control.signal.reason : error;
    }
    limit.cancel();
    this.underWay.delete(control);
    const durationMs = clock.monotonicMs() - startedMs;
    if (failure === undefined) {
      this.lanes.done(parcel);
      this.ports.delivered(parcel, durationMs);
    } else this.didNotArrive(parcel, failure, settings, durationMs);
    this.go();
    if (this.underWay.size === 0) this.onIdle?.();
  }

  private didNotArrive(parcel: Parcel, failure: unknown, settings: DeliverySettings, durationMs: number): void {
    const { ports } = this;
    const error = failureText(failure, settings.timeoutMs);
    parcel.attempts++;
    ports.failed(parcel, error, durationMs);
    if (parcel.attempts >= settings.retry.maxAttempts) {
      this.lanes.done(parcel);
      ports.gaveUp(parcel, error);
      return;
    }
    const asked = failure instanceof DeliveryError ? (failure.retryAfterMs ?? 0) : 0;
    const delayMs = Math.max(asked, retryDelayMs(settings.retry, parcel.attempts, Math.random()));
    const again = (): void => {
      this.resting.delete(parcel);
      this.lanes.again(parcel);
      ports.retried();
      this.go();
    };
    this.resting.set(parcel, ports.clock.schedule(delayMs, again));
  }

  private whenIdle(task: () => void): void {
    const before = this.onIdle;
    this.onIdle = () => {
      this.onIdle = undefined;
      before?.();
      task();
    };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
