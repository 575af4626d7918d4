import type { Json, RecordedEvent } from '@tigateway/model';
import type { ReplayedEvent } from './event-history.js';

/** An event made ready for any number of clients: its text is made once. */
export interface EventFrame {
  readonly sequence: number;
  /** `undefined`: not about one configuration (a document was rejected). */
  readonly configType: string | undefined;
  readonly configId: string | undefined;
  readonly payload: Buffer;
}

export function frameOf({ type, facts }: RecordedEvent): EventFrame {
  return frame({ type, ...facts } as ReplayedEvent);
}

export function frameOfReplayed(event: ReplayedEvent): EventFrame {
  return frame(event);
}

function frame(event: ReplayedEvent): EventFrame {
  const payload = Buffer.from(JSON.stringify(messageOf(event)));
  if (event.type === 'configuration_rejected') {
    return { sequence: event.sequence, configType: undefined, configId: undefined, payload };
  }
  return { sequence: event.sequence, configType: event.configType, configId: event.configId, payload };
}

/** What clients see of an event: what it was before stays with those who may read the history. */
function messageOf(event: ReplayedEvent): object {
  const { type, timestamp, sequence, source } = event;
  if (event.type === 'configuration_rejected') {
    return { type, timestamp, sequence, source, position: event.position, errors: event.errors };
  }
  const { configType, configId, version } = event;
  const configuration: Json = event.type === 'configuration_delete' ? null : event.configuration;
  const message = { type, configType, configId, timestamp, configuration, version, sequence, source };
  if (event.type !== 'configuration_rollback') return message;
  const { from, to, rollbackOf, trigger } = event;
  return { ...message, from, to, ...(rollbackOf !== undefined && { rollbackOf }), trigger };
}
