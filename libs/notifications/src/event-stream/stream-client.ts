import type { ServerResponse } from 'node:http';
import type { EventFrame } from '../websocket/event-frame.js';
import { frameOfReplayed } from '../websocket/event-frame.js';
import type { EventHistory } from '../websocket/event-history.js';
import { eventsAfter, ReplayGapError } from '../websocket/replay.js';
import { matches, type Pattern } from '../websocket/subscription.js';

/** More than this many bytes waiting for a client, and it is cut off: it comes again, and is told what it missed. */
const MAX_WAITING_BYTES = 1_048_576;

/** One listener on server-sent events: what it wants, and the last thing that it was sent. */
export class StreamClient {
  /** Live events that wait for the replay to end. */
  private held: EventFrame[] | undefined;
  private heldBytes = 0;

  /** @param sent the newest sequence that it has, or need not have */
  constructor(
    private readonly response: ServerResponse,
    private readonly pattern: Pattern,
    private sent: number,
  ) {}

  /** Sends what came after the place where it was; live events wait meanwhile. */
  async replay(history: EventHistory): Promise<void> {
    this.held = [];
    try {
      for await (const event of eventsAfter(history, this.sent)) {
        if (this.response.destroyed) return;
        this.send(frameOfReplayed(event));
        if (this.response.writableNeedDrain) await this.drained();
      }
    } catch (error) {
      this.sent = 0;
      this.write('event: resync_required\ndata: {"type":"resync_required"}\n\n');
      if (!(error instanceof ReplayGapError)) throw error;
    } finally {
      const held = this.held ?? [];
      this.held = undefined;
      for (const event of held) this.deliver(event);
    }
  }

  /** Events come in the order of their sequence. */
  deliver(event: EventFrame): void {
    if (this.held) {
      this.held.push(event);
      this.heldBytes += event.payload.length;
      if (this.heldBytes > MAX_WAITING_BYTES) this.response.destroy();
      return;
    }
    this.send(event);
    if (this.response.writableLength > MAX_WAITING_BYTES) this.response.destroy();
  }

  /** A sign of life that brings the client's place along, also past what it does not want. */
  heartbeat(): void {
    if (this.held) return;
    this.write(this.sent > 0 ? `id: ${this.sent}\n\n` : ':\n\n');
  }

  end(): void {
    this.response.end();
  }

  private send(event: EventFrame): void {
    if (event.sequence <= this.sent) return;
    this.sent = event.sequence;
    if (!matches(this.pattern, event)) return;
    this.write(`id: ${event.sequence}\nevent: ${event.type}\ndata: ${event.payload.toString()}\n\n`);
  }

  private write(text: string): void {
    if (!this.response.destroyed) this.response.write(text);
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.response.off('drain', settle).off('close', settle);
        resolve();
      };
      this.response.on('drain', settle).on('close', settle);
    });
  }
}
