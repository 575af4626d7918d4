import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, EventBus, RECORDED_EVENT_NAMES, type RecordedEvent, type Scheduled } from '@tigateway/model';
import { frameOf } from '../websocket/event-frame.js';
import { EventHistory } from '../websocket/event-history.js';
import { FanOut } from '../websocket/fan-out.js';
import { EVERYTHING, type Pattern } from '../websocket/subscription.js';
import { StreamClient } from './stream-client.js';

/** Between two signs of life, in milliseconds: shorter than the idle limits of usual proxies. */
const HEARTBEAT_MS = 20_000;
/** How long a client should wait before it comes again, in milliseconds. */
const RECONNECT_MS = 2_000;

/** Every change of the configuration as server-sent events, for those who want no WebSocket. */
@Injectable()
export class EventStream implements OnModuleInit, BeforeApplicationShutdown {
  private readonly clients = new Set<StreamClient>();
  private readonly fanOut = new FanOut(this.clients);
  private readonly subscriptions: (() => void)[] = [];
  private lastSequence = 0;
  private nextHeartbeat: Scheduled | undefined;
  private isStopping = false;

  constructor(
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(EventHistory) private readonly history: EventHistory,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    for (const name of Object.values(RECORDED_EVENT_NAMES)) {
      this.subscriptions.push(this.events.subscribe(name, (event) => this.announce(event)));
    }
    this.scheduleHeartbeat();
  }

  /**
   * Answers with events until either side ends it.
   * @param since what the client had last; absent: it begins with what happens from now on
   */
  open(response: ServerResponse, since: number | undefined, pattern: Pattern = EVERYTHING): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${RECONNECT_MS}\n\n`);
    if (this.isStopping) {
      response.end();
      return;
    }
    const client = new StreamClient(response, pattern, since ?? this.lastSequence);
    this.clients.add(client);
    response.once('close', () => this.clients.delete(client));
    if (since !== undefined) client.replay(this.history).catch(() => response.destroy());
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const end of this.subscriptions) end();
    this.nextHeartbeat?.cancel();
    for (const client of this.clients) client.end();
  }

  private announce(event: RecordedEvent): void {
    this.lastSequence = event.facts.sequence;
    if (this.clients.size > 0) this.fanOut.publish(frameOf(event));
  }

  private scheduleHeartbeat(): void {
    this.nextHeartbeat = this.clock.schedule(HEARTBEAT_MS, () => {
      for (const client of this.clients) client.heartbeat();
      this.scheduleHeartbeat();
    });
  }
}
