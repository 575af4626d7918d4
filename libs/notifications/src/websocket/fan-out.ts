import { TimeSlice } from '@tigateway/model';
import type { EventFrame } from './event-frame.js';

/**
 * Hands each event to each client, one event after the other. Ten thousand clients take a while: the event loop is given
 * away in between, so that traffic does not wait for announcements.
 */
export class FanOut<Client extends { deliver(event: EventFrame): void }> {
  private readonly queue: EventFrame[] = [];
  private isRunning = false;

  constructor(private readonly clients: ReadonlySet<Client>) {}

  publish(event: EventFrame): void {
    this.queue.push(event);
    if (!this.isRunning) void this.run();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    const slice = new TimeSlice();
    for (let event = this.queue.shift(); event; event = this.queue.shift()) {
      for (const client of this.clients) {
        client.deliver(event);
        if (slice.isUsedUp) await slice.breathe();
      }
    }
    this.isRunning = false;
  }
}
