import { bind, type Constructor, isJsonObject, type Json, relaxedName } from '@tigateway/model';
import type { ChannelSettings } from './channel.settings.js';
import type { NotificationSource } from './notification-policy.js';
import { unwrapped } from './notification.settings.js';

/** What the settings ask of one channel. */
export type ChannelPlan<Settings extends ChannelSettings> =
  /** Not named at all. */
  | { readonly state: 'absent' }
  | { readonly state: 'off' }
  | { readonly state: 'on'; readonly settings: Settings; readonly written: Json }
  | { readonly state: 'misconfigured'; readonly reason: string };

/**
 * Reads what concerns one channel, by itself: what is wrong with one leaves the others alone. What was checked before it came
 * into force can still be wrong here: a variable that is not set, or is set to something else since.
 */
export function planOf<Settings extends ChannelSettings>(
  name: string,
  type: Constructor<Settings>,
  { configuration, hasVariables }: NotificationSource,
): ChannelPlan<Settings> {
  const written = sectionOf(unwrapped(configuration), name);
  if (written === undefined || written === null) return { state: 'absent' };
  const isOff = isJsonObject(written) && bind(type, { enabled: written['enabled'] ?? true }).value?.enabled === false;
  if (isOff) return { state: 'off' };
  const unset = hasVariables ? unsetVariables(written) : [];
  if (unset.length > 0) return { state: 'misconfigured', reason: `not set: ${unset.join(', ')}` };
  const { value, problems } = bind(type, written);
  if (value?.enabled === false) return { state: 'off' };
  if (value) return { state: 'on', settings: value, written };
  // What a problem says may quote a variable's value.
  const places = problems.map(({ pointer, code }) => `${pointer || '/'} (${code})`);
  return { state: 'misconfigured', reason: `it cannot be used: ${places.join(', ')}` };
}

function sectionOf(settings: Json, name: string): Json | undefined {
  if (!isJsonObject(settings)) return undefined;
  const key = Object.keys(settings).find((each) => relaxedName(each) === name);
  return key === undefined ? undefined : settings[key];
}

function unsetVariables(value: Json): string[] {
  if (typeof value === 'string') return [...value.matchAll(/\$\{([^{}:]+)\}/g)].map(([, name]) => name as string);
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap((member) => unsetVariables(member)))];
}
