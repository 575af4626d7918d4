import {
  bind,
  Choice,
  DurationMs,
  Int,
  isJsonObject,
  type Json,
  ListOf,
  Nested,
  pointerTo,
  Text,
} from '@tigateway/model';
import { type ServiceSettings, StaticServiceInstances } from '@tigateway/proxy';
import { ArrayNotEmpty, Matches, Min } from 'class-validator';
import type { SettingsProblem } from './settings-problems.js';

export class PassiveHealth {
  /** So many failures in a row put an instance out; 0: nothing does. */
  @Int() @Min(0) failures = 5;
  /** How long the first time, in milliseconds; twice as long each time after it. */
  @DurationMs({ key: 'eject-time' }) @Min(1) ejectMs = 10_000;
  @DurationMs({ key: 'max-eject-time' }) @Min(1) maxEjectMs = 300_000;
}

export class ActiveHealth {
  /** Asked with GET; 200 to 399 is good. */
  @Text() @Matches(/^\/[!-~]*$/, { message: '"path" must begin with / and hold no spaces' }) path = '/';
  @DurationMs({ key: 'interval' }) @Min(10) intervalMs = 10_000;
  @DurationMs({ key: 'timeout' }) @Min(1) timeoutMs = 2_000;
  @Int() @Min(1) healthyThreshold = 2;
  @Int() @Min(1) unhealthyThreshold = 3;
}

export class ServiceHealth {
  @Nested(() => PassiveHealth) passive = new PassiveHealth();
  /** Absent: instances are not asked. */
  @Nested(() => ActiveHealth, { optional: true }) active?: ActiveHealth;
}

/** A service in its long form. */
export class Service {
  @ListOf({ kind: 'text' }) @ArrayNotEmpty() instances!: string[];
  @Choice(['round-robin', 'least-connections']) balancing: 'round-robin' | 'least-connections' = 'round-robin';
  @Nested(() => ServiceHealth) health = new ServiceHealth();
}

/** The services of the bootstrap file in the data plane's words. */
export interface ServiceList {
  readonly services: Readonly<Record<string, readonly string[]>>;
  readonly serviceSettings: Readonly<Record<string, ServiceSettings>>;
  readonly problems: readonly SettingsProblem[];
}

/** A list of URLs is the short form of an object whose `instances` it is. */
export function readServices(written: Readonly<Record<string, Json>>): ServiceList {
  const services: Record<string, readonly string[]> = Object.create(null) as Record<string, readonly string[]>;
  const serviceSettings = Object.create(null) as Record<string, ServiceSettings>;
  const problems: SettingsProblem[] = [];
  for (const [name, value] of Object.entries(written)) {
    const pointer = pointerTo('/tigateway/services', name);
    const bound = bind(Service, isJsonObject(value) ? value : { instances: value }, pointer);
    if (bound.value === undefined) {
      problems.push(...bound.problems.map((each) => (isJsonObject(value) ? each : { ...each, pointer })));
      continue;
    }
    const { instances, balancing, health } = bound.value;
    try {
      new StaticServiceInstances({ [name]: instances });
    } catch (error) {
      problems.push({ pointer, message: (error as Error).message });
      continue;
    }
    services[name] = instances;
    serviceSettings[name] = { balancing, passive: health.passive, active: health.active };
  }
  return { services, serviceSettings, problems };
}
