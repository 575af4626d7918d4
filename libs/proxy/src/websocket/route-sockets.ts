import type { RouteManager } from '@tigateway/routing';
import { SERVICE_RESTART } from './close-frame.js';
import type { WebSocketProxy } from './websocket-proxy.js';
import type { WebSocketTunnel } from './websocket-tunnel.js';

/**
 * Gives the WebSockets of a changed or deleted route some time, then asks their clients to connect anew (1012). Those of
 * untouched routes live through every reload.
 */
export class RouteSockets {
  private readonly timers = new Set<NodeJS.Timeout>();
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly routes: RouteManager,
    private readonly sockets: WebSocketProxy,
    private readonly drainTimeoutMs: number,
  ) {}

  start(): void {
    this.unsubscribe ??= this.routes.onSwap((_previous, _next, changedRouteIds) => {
      if (this.sockets.count === 0) return;
      const outdated = changedRouteIds.flatMap((id) => this.sockets.openOn(id));
      if (outdated.length > 0) this.closeLater(outdated);
    });
  }

  stop(): void {
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private closeLater(outdated: readonly WebSocketTunnel[]): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      for (const { end } of outdated) end.closeWith(SERVICE_RESTART);
    }, this.drainTimeoutMs);
    timer.unref();
    this.timers.add(timer);
  }
}
