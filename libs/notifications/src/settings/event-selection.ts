import { type EventRecord, matchesGlob } from '@tigateway/model';
import type { ChannelSettings, EventName } from './channel.settings.js';

const NAME_OF: Readonly<Record<EventRecord['type'], EventName>> = {
  configuration_update: 'update',
  configuration_delete: 'delete',
  configuration_rollback: 'rollback',
  configuration_rejected: 'rejected',
};

/** Whether a channel wants to hear of this event. */
export function wants({ events, configTypes, configIds }: ChannelSettings, event: EventRecord): boolean {
  if (!events.includes(NAME_OF[event.type])) return false;
  if (event.type === 'configuration_rejected') return true;
  const { configType, configId } = event;
  return (configTypes?.includes(configType) ?? true) && (configIds?.some((id) => matchesGlob(id, configId)) ?? true);
}
