import { NotificationChannelError, NotificationNotFoundError } from '@tigateway/model';
import { type ChannelStatus, type DeadLetterSummary, Deliveries } from '@tigateway/notifications';

/** Channels that do nothing, and a list of what they gave up. */
export class InMemoryDeliveries extends Deliveries {
  readonly channels: ChannelStatus[] = [];
  readonly letters: DeadLetterSummary[] = [];

  override status(): ChannelStatus[] {
    return this.channels;
  }

  override deadLetters(): DeadLetterSummary[] {
    return this.letters;
  }

  override async redeliver(id: string): Promise<DeadLetterSummary> {
    const found = this.letters.find((letter) => letter.id === id);
    if (!found) throw new NotificationNotFoundError(id);
    if (!this.channels.some(({ name }) => name === found.channel)) throw new NotificationChannelError(found.channel);
    return { ...found, isUnderWay: true };
  }
}
