import { type BeforeApplicationShutdown, Inject, type OnModuleInit } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { Clock, EventBus } from '@tigateway/model';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import type { WebSocket } from 'ws';
import { Audience } from './audience.js';
import { EventHistory } from './event-history.js';
import { Subscriber } from './subscriber.js';

/** A client's own messages are small; a larger one ends its connection with 1009. */
const MAX_MESSAGE_BYTES = 65_536;
/** Between two signs of life, in milliseconds: shorter than the idle limits of usual proxies. */
const HEARTBEAT_MS = 30_000;
/** Time for clients to answer the closing handshake when the gateway stops, in milliseconds. */
const CLOSING_MS = 2_000;
const GOING_AWAY = 1001;
const SUBPROTOCOL = 'tigateway.v1';
const CLIENTS_METRIC = 'tigateway_websocket_clients';

export const webSocketClientsProvider = makeGaugeProvider({
  name: CLIENTS_METRIC,
  help: 'Clients that listen on /ws/configuration',
});

/** Tells whoever listens of every change of the configuration. */
@WebSocketGateway({
  path: '/ws/configuration',
  maxPayload: MAX_MESSAGE_BYTES,
  // The other subprotocol on offer may be the token, which is not to be repeated.
  handleProtocols: (offered: ReadonlySet<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
})
export class ConfigurationWebSocketGateway implements OnModuleInit, OnGatewayConnection, BeforeApplicationShutdown {
  private readonly audience: Audience<Subscriber>;
  private onAllGone: (() => void) | undefined;

  constructor(
    @Inject(EventBus) events: EventBus,
    @Inject(EventHistory) private readonly history: EventHistory,
    @Inject(Clock) private readonly clock: Clock,
    @InjectMetric(CLIENTS_METRIC) private readonly gauge: Gauge,
  ) {
    this.audience = new Audience(events, clock, HEARTBEAT_MS);
  }

  onModuleInit(): void {
    this.audience.open();
  }

  handleConnection(socket: WebSocket): void {
    if (this.audience.isOver) {
      socket.close(GOING_AWAY, 'the gateway stops');
      return;
    }
    const client = new Subscriber(socket, this.history, this.clock, this.audience.lastSequence);
    this.audience.clients.add(client);
    this.gauge.set(this.audience.clients.size);
    socket.once('close', () => {
      this.audience.clients.delete(client);
      this.gauge.set(this.audience.clients.size);
      if (this.audience.clients.size === 0) this.onAllGone?.();
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.audience.close();
    for (const client of this.audience.clients) client.close(GOING_AWAY, 'the gateway stops');
    await this.allGone();
    for (const client of this.audience.clients) client.terminate();
  }

  private allGone(): Promise<void> {
    if (this.audience.clients.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const limit = this.clock.schedule(CLOSING_MS, resolve);
      this.onAllGone = () => {
        limit.cancel();
        resolve();
      };
    });
  }
}
