import type { EventRecord, RecordedEvent } from '@tigateway/model';
import { announcementOf } from '../message/announcement.js';

/** An event made ready for any number of clients: its text is made once. */
export interface EventFrame {
  readonly type: EventRecord['type'];
  readonly sequence: number;
  /** `undefined`: not about one configuration (a document was rejected). */
  readonly configType: string | undefined;
  readonly configId: string | undefined;
  readonly payload: Buffer;
}

export function frameOf({ type, facts }: RecordedEvent): EventFrame {
  return frameOfReplayed({ type, ...facts } as EventRecord);
}

export function frameOfReplayed(event: EventRecord): EventFrame {
  const payload = Buffer.from(JSON.stringify(announcementOf(event)));
  const { type, sequence } = event;
  if (event.type === 'configuration_rejected') {
    return { type, sequence, configType: undefined, configId: undefined, payload };
  }
  return { type, sequence, configType: event.configType, configId: event.configId, payload };
}
