import { type Clock, type EventBus, RECORDED_EVENT_NAMES, type RecordedEvent, type Scheduled } from '@tigateway/model';
import { type EventFrame, frameOf } from './event-frame.js';
import { FanOut } from './fan-out.js';

/** Someone who is told of events as they happen. */
export interface Listener {
  deliver(event: EventFrame): void;
  /** A sign of life, and the time to look for one. */
  heartbeat(): void;
}

/** Everyone who listens over one kind of connection. */
export class Audience<Client extends Listener> {
  readonly clients = new Set<Client>();
  /** Of the last event that was told; 0 before the first. */
  lastSequence = 0;
  /** Nobody is let in any more. */
  isOver = false;
  private readonly fanOut = new FanOut<Client>(this.clients);
  private readonly subscriptions: (() => void)[] = [];
  private nextHeartbeat: Scheduled | undefined;

  constructor(
    private readonly events: EventBus,
    private readonly clock: Clock,
    private readonly heartbeatMs: number,
  ) {}

  open(): void {
    for (const name of Object.values(RECORDED_EVENT_NAMES)) {
      this.subscriptions.push(this.events.subscribe(name, (event) => this.announce(event)));
    }
    this.scheduleHeartbeat();
  }

  /** Those who are there stay, and are told nothing more. */
  close(): void {
    this.isOver = true;
    for (const end of this.subscriptions) end();
    this.nextHeartbeat?.cancel();
  }

  private announce(event: RecordedEvent): void {
    this.lastSequence = event.facts.sequence;
    // Nobody listens: nothing is worth serialising.
    if (this.clients.size > 0) this.fanOut.publish(frameOf(event));
  }

  private scheduleHeartbeat(): void {
    this.nextHeartbeat = this.clock.schedule(this.heartbeatMs, () => {
      for (const client of this.clients) client.heartbeat();
      this.scheduleHeartbeat();
    });
  }
}
