import { type BeforeApplicationShutdown, Inject, type OnModuleInit } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { Clock, EventBus, RECORDED_EVENT_NAMES, type RecordedEvent, type Scheduled } from '@tigateway/model';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import type { WebSocket } from 'ws';
import { frameOf } from './event-frame.js';
import { EventHistory } from './event-history.js';
import { FanOut } from './fan-out.js';
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
  private readonly clients = new Set<Subscriber>();
  private readonly fanOut = new FanOut(this.clients);
  private readonly subscriptions: (() => void)[] = [];
  private lastSequence = 0;
  private nextHeartbeat: Scheduled | undefined;
  private isStopping = false;
  private onAllGone: (() => void) | undefined;

  constructor(
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(EventHistory) private readonly history: EventHistory,
    @Inject(Clock) private readonly clock: Clock,
    @InjectMetric(CLIENTS_METRIC) private readonly gauge: Gauge,
  ) {}

  onModuleInit(): void {
    for (const name of Object.values(RECORDED_EVENT_NAMES)) {
      this.subscriptions.push(this.events.subscribe(name, (event) => this.announce(event)));
    }
    this.scheduleHeartbeat();
  }

  handleConnection(socket: WebSocket): void {
    if (this.isStopping) {
      socket.close(GOING_AWAY, 'the gateway stops');
      return;
    }
    const client = new Subscriber(socket, this.history, this.clock, this.lastSequence);
    this.clients.add(client);
    this.gauge.set(this.clients.size);
    socket.once('close', () => {
      this.clients.delete(client);
      this.gauge.set(this.clients.size);
      if (this.clients.size === 0) this.onAllGone?.();
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    for (const end of this.subscriptions) end();
    this.nextHeartbeat?.cancel();
    for (const client of this.clients) client.close(GOING_AWAY, 'the gateway stops');
    await this.allGone();
    for (const client of this.clients) client.terminate();
  }

  private announce(event: RecordedEvent): void {
    this.lastSequence = event.facts.sequence;
    // Nobody listens: nothing is worth serialising.
    if (this.clients.size > 0) this.fanOut.publish(frameOf(event));
  }

  private scheduleHeartbeat(): void {
    this.nextHeartbeat = this.clock.schedule(HEARTBEAT_MS, () => {
      for (const client of this.clients) client.heartbeat();
      this.scheduleHeartbeat();
    });
  }

  private allGone(): Promise<void> {
    if (this.clients.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const limit = this.clock.schedule(CLOSING_MS, resolve);
      this.onAllGone = () => {
        limit.cancel();
        resolve();
      };
    });
  }
}
