import { type GlobalSettingsSchema, Text } from '@tigateway/model';
import { Matches } from 'class-validator';
import { HEADER_NAME } from '../exchange/header-syntax.js';
import { unwrapped } from './unwrapped.js';

/** Of the filter `SetStatus`: Spring's `set-status`. */
export class SetStatusSettings {
  @Text({ optional: true, about: 'A response header that keeps the status of the upstream, as `[200]`.' })
  @Matches(HEADER_NAME, { message: '"original-status-header-name" must be the name of a header' })
  originalStatusHeaderName?: string;
}

export const SET_STATUS_SETTINGS: GlobalSettingsSchema<SetStatusSettings> = {
  configId: 'set-status',
  type: SetStatusSettings,
  unwrap: (configuration) => unwrapped(configuration, 'set-status'),
};
