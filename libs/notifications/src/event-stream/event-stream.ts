import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, EventBus } from '@tigateway/model';
import { Audience } from '../websocket/audience.js';
import { EventHistory } from '../websocket/event-history.js';
import { EVERYTHING, type Pattern } from '../websocket/subscription.js';
import { StreamClient } from './stream-client.js';

/** Between two signs of life, in milliseconds: shorter than the idle limits of usual proxies. */
const HEARTBEAT_MS = 20_000;
/** How long a client should wait before it comes again, in milliseconds. */
const RECONNECT_MS = 2_000;

/** Every change of the configuration as server-sent events, for those who want no WebSocket. */
@Injectable()
export class EventStream implements OnModuleInit, BeforeApplicationShutdown {
  private readonly audience: Audience<StreamClient>;

  constructor(
    @Inject(EventBus) events: EventBus,
    @Inject(EventHistory) private readonly history: EventHistory,
    @Inject(Clock) clock: Clock,
  ) {
    this.audience = new Audience(events, clock, HEARTBEAT_MS);
  }

  onModuleInit(): void {
    this.audience.open();
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
    if (this.audience.isOver) {
      response.end();
      return;
    }
    const client = new StreamClient(response, pattern, since ?? this.audience.lastSequence);
    this.audience.clients.add(client);
    response.once('close', () => this.audience.clients.delete(client));
    if (since !== undefined) client.replay(this.history).catch(() => response.destroy());
  }

  beforeApplicationShutdown(): void {
    this.audience.close();
    for (const client of this.audience.clients) client.end();
  }
}
