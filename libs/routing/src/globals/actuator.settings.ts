import { Flag, type GlobalSettingsSchema, Nested } from '@tigateway/model';
import { unwrapped } from './unwrapped.js';

export class VerboseSettings {
  @Flag({ about: 'Show what takes traffic; else the definitions that it was made of.' })
  enabled = true;
}

/** How `/actuator/gateway/routes` shows routes: Spring's `actuator`. */
export class ActuatorSettings {
  @Nested(() => VerboseSettings) verbose = new VerboseSettings();
}

export const ACTUATOR_SETTINGS: GlobalSettingsSchema<ActuatorSettings> = {
  configId: 'actuator',
  type: ActuatorSettings,
  unwrap: (configuration) => unwrapped(configuration, 'actuator'),
};
