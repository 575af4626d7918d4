import { Flag, type GlobalSettingsSchema } from '@tigateway/model';
import { unwrapped } from './unwrapped.js';

/** Of routes with the scheme `lb`: Spring's `loadbalancer`. */
export class LoadBalancerSettings {
  @Flag({ key: 'use404', about: 'Answer 404 instead of 503 where a service has no instance.' })
  use404 = false;
}

export const LOADBALANCER_SETTINGS: GlobalSettingsSchema<LoadBalancerSettings> = {
  configId: 'loadbalancer',
  type: LoadBalancerSettings,
  unwrap: (configuration) => unwrapped(configuration, 'loadbalancer'),
};
