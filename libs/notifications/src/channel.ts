import type { Constructor } from '@tigateway/model';
import type { Message } from './message/message.js';
import type { DeliverySettings } from './settings/channel.settings.js';
import type { TargetAddresses } from './outbound/target-address.js';

/** What channels need of the process. */
export interface ChannelTools {
  readonly addresses: TargetAddresses;
  /** Certificates of authorities to trust besides the platform's, PEM. */
  readonly authorities?: readonly string[];
}

/** A way out, opened with one state of its settings. */
export interface Channel {
  /**
   * One attempt. It may fail for any reason; what it throws is shown by its code alone.
   * @param signal ends the attempt
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** One kind of channel: one folder, one line in `channels.ts`. */
export interface ChannelKind<Settings extends DeliverySettings = DeliverySettings> {
  /** Its key in the settings, its label in the metrics. */
  readonly name: string;
  readonly settings: Constructor<Settings>;
  /** Messages under way at once; those about one configuration follow each other all the same. */
  readonly concurrency: number;
  open(settings: Settings, tools: ChannelTools): Channel;
}
