import { type GlobalSettingsSchema, Int, ListOf } from '@tigateway/model';
import { Matches } from 'class-validator';
import { HEADER_NAME } from '../exchange/header-syntax.js';
import { unwrapped } from './unwrapped.js';

/** Which headers end at the gateway, in both directions: Spring's `filter.remove-hop-by-hop`. */
export class RemoveHopByHopSettings {
  @ListOf(
    { kind: 'text' },
    { optional: true, about: 'Instead of the usual ones; those of the connection itself always end.' },
  )
  @Matches(HEADER_NAME, { each: true, message: '"headers" holds what is no name of a header' })
  headers?: string[];

  @Int({ optional: true, about: 'Needs nothing: it is done after every filter.' })
  order?: number;
}

export const REMOVE_HOP_BY_HOP_SETTINGS: GlobalSettingsSchema<RemoveHopByHopSettings> = {
  configId: 'remove-hop-by-hop',
  type: RemoveHopByHopSettings,
  unwrap: (configuration) => unwrapped(configuration, 'remove-hop-by-hop'),
};
