import type { EventRecord, Json } from '@tigateway/model';

/** What listeners are told of an event: what it was before stays with those who may read the history. */
export function announcementOf(event: EventRecord): Readonly<Record<string, unknown>> {
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
