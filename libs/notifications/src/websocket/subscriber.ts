import type { Clock } from '@tigateway/model';
import { WebSocket } from 'ws';
import { readClientMessage } from './client-message.js';
import { DeliveryRecord } from './delivery-record.js';
import { type EventFrame, frameOfReplayed } from './event-frame.js';
import type { EventHistory } from './event-history.js';
import { eventsAfter, ReplayGapError } from './replay.js';
import { EVERYTHING, matches, type Pattern } from './subscription.js';

/** More than this many bytes waiting for a client, and it is cut off: it would fill our memory at its pace. */
const MAX_WAITING_BYTES = 1_048_576;
/** A replay sends on without waiting while fewer bytes than this are under way. */
const UNHURRIED_BYTES = 65_536;
const MAX_SUBSCRIPTIONS = 1_000;
/** Requests of one client that wait for its replays. */
const MAX_STEPS = 100;
const TRY_AGAIN_LATER = 1013;

/** One client: what it asked for, what it was sent, and how far behind it is. */
export class Subscriber {
  /** It has asked for nothing yet, so it hears everything. */
  private isSilentListener = true;
  private readonly record: DeliveryRecord;
  /** Live events that wait for a replay to end; `undefined` while none is under way. */
  private held: EventFrame[] | undefined;
  private heldBytes = 0;
  /** Requests are answered one after the other, so that replays do not interleave. */
  private work: Promise<void> = Promise.resolve();
  private stepsUnderWay = 0;
  private isAlive = true;

  constructor(
    private readonly socket: WebSocket,
    private readonly history: EventHistory,
    private readonly clock: Clock,
    lastSequence: number,
  ) {
    this.record = new DeliveryRecord(lastSequence);
    this.record.add(EVERYTHING);
    socket.on('pong', () => (this.isAlive = true));
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.isAlive = true;
      this.receive(isBinary ? '' : data.toString());
    });
  }

  /** Sends a live event where it is wanted. Frames come in the order of their sequence. */
  deliver(event: EventFrame): void {
    if (!this.held) {
      if (this.record.take(event)) this.send(event.payload);
      return;
    }
    this.held.push(event);
    this.heldBytes += event.payload.length;
    if (this.heldBytes > MAX_WAITING_BYTES) this.cutOff();
  }

  /** Asks for a sign of life; a client that gave none since the last time is gone. */
  heartbeat(): void {
    if (!this.isAlive) {
      this.socket.terminate();
      return;
    }
    this.isAlive = false;
    if (this.isOpen) this.socket.ping();
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  terminate(): void {
    this.socket.terminate();
  }

  private get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  private receive(text: string): void {
    const message = readClientMessage(text);
    switch (message.type) {
      case 'ping':
        this.answer({ type: 'pong', timestamp: this.clock.now() });
        return;
      case 'invalid':
        this.answer({ type: 'error', message: message.message });
        return;
      case 'unsubscribe':
        this.inTurn(() => this.unsubscribe(message.pattern));
        return;
      case 'subscribe':
        this.inTurn(() => this.subscribe(message.pattern, message.since));
    }
  }

  /** Runs at once where nothing is under way, so that the next event finds the subscription. */
  private inTurn(step: () => Promise<void> | void): void {
    if (this.stepsUnderWay >= MAX_STEPS) {
      this.cutOff();
      return;
    }
    const running = this.stepsUnderWay === 0 ? step() : this.work.then(step);
    if (!running) return;
    this.stepsUnderWay++;
    this.work = running
      .catch(() => {
        this.answer({ type: 'error', message: 'the history cannot be read at the moment' });
        this.answer({ type: 'resync_required' });
      })
      .finally(() => this.stepsUnderWay--);
  }

  private unsubscribe(pattern: Pattern): void {
    this.record.remove(pattern);
    this.answer({ type: 'unsubscribed', ...pattern });
  }

  private subscribe(pattern: Pattern, since: number | undefined): Promise<void> | void {
    if (this.record.size >= MAX_SUBSCRIPTIONS && !this.record.has(pattern)) {
      this.answer({ type: 'error', message: `more than ${MAX_SUBSCRIPTIONS} subscriptions` });
      return;
    }
    if (this.isSilentListener) this.record.remove(EVERYTHING);
    this.isSilentListener = false;
    this.record.add(pattern);
    this.answer({ type: 'subscribed', ...pattern, ...(since !== undefined && { since }) });
    if (since !== undefined) return this.replay(pattern, since);
  }

  /** Sends what `pattern` wants of the events after `since` and was not sent; live events wait meanwhile. */
  private async replay(pattern: Pattern, since: number): Promise<void> {
    this.held ??= [];
    let through = since;
    try {
      for await (const event of eventsAfter(this.history, since)) {
        if (!this.isOpen) break;
        const frame = frameOfReplayed(event);
        if (matches(pattern, frame) && !this.record.wasSent(frame)) await this.sendAtItsPace(frame.payload);
        through = event.sequence;
      }
    } catch (error) {
      if (!(error instanceof ReplayGapError)) throw error;
      this.answer({ type: 'resync_required' });
    } finally {
      this.record.replayed(pattern, since, through);
      this.release();
    }
  }

  private release(): void {
    const held = this.held ?? [];
    this.held = undefined;
    this.heldBytes = 0;
    for (const event of held) this.deliver(event);
  }

  /** A replay is as fast as its reader: all of it may be more than what may wait. */
  private async sendAtItsPace(payload: Buffer): Promise<void> {
    if (this.socket.bufferedAmount < UNHURRIED_BYTES) {
      this.send(payload);
      return;
    }
    await new Promise<void>((resolve) => {
      this.socket.send(payload, { binary: false }, () => resolve());
    });
  }

  private answer(message: object): void {
    this.send(Buffer.from(JSON.stringify(message)));
  }

  private send(payload: Buffer): void {
    if (!this.isOpen) return;
    this.socket.send(payload, { binary: false });
    if (this.socket.bufferedAmount > MAX_WAITING_BYTES) this.cutOff();
  }

  private cutOff(): void {
    this.held &&= [];
    this.close(TRY_AGAIN_LATER, 'too slow');
  }
}
