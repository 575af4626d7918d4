import type { ConfigType } from '@tigateway/model';
import type { EventFrame } from './event-frame.js';

/** What a client wants to hear of. `*` stands for any. */
export interface Pattern {
  readonly configType: ConfigType | '*';
  readonly configId: string;
}

export const EVERYTHING: Pattern = { configType: '*', configId: '*' };

export function patternText({ configType, configId }: Pattern): string {
  return `${configType}:${configId}`;
}

/** Events about no single configuration go to those alone who want everything. */
export function matches({ configType, configId }: Pattern, event: EventFrame): boolean {
  return (configType === '*' || configType === event.configType) && (configId === '*' || configId === event.configId);
}

/** Whether `wide` wants all that `narrow` wants. */
export function includes(wide: Pattern, narrow: Pattern): boolean {
  return (
    (wide.configType === '*' || wide.configType === narrow.configType) &&
    (wide.configId === '*' || wide.configId === narrow.configId)
  );
}
