import { Flag, type GlobalSettingsSchema, Int, ListOf, MapOf } from '@tigateway/model';
import {
  Matches,
  Min,
  Validate,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { unwrapped } from './unwrapped.js';

/** A browser refuses credentials together with `*`; Spring finds out at the first request. */
@ValidatorConstraint({ name: 'credentialsOrigin' })
class NamesOriginsForCredentials implements ValidatorConstraintInterface {
  validate(allowCredentials: unknown, { object }: ValidationArguments): boolean {
    return allowCredentials !== true || !(object as CorsSettings).allowedOrigins.includes('*');
  }

  defaultMessage(): string {
    return '"allow-credentials" cannot go with the origin "*"; use "allowed-origin-patterns"';
  }
}

/** What other origins may do: of one route (`metadata.cors`), or of the paths of the global configuration `cors`. */
export class CorsSettings {
  @ListOf({ kind: 'text' }, { about: 'Exact origins; `*` is any.' })
  allowedOrigins: string[] = [];

  @ListOf({ kind: 'text' }, { splitsCommas: false, about: 'Origins with `*`, and port lists such as `[8080,8081]`.' })
  @Matches(/^[^,]*(\[[^\]]*\])?$/, { each: true, message: 'each pattern is an item of its own; write a list' })
  allowedOriginPatterns: string[] = [];

  @ListOf({ kind: 'text' }, { about: '`*` is all.' })
  allowedMethods: string[] = ['GET', 'HEAD'];

  @ListOf({ kind: 'text' }, { about: '`*` is all.' })
  allowedHeaders: string[] = [];

  @ListOf({ kind: 'text' })
  exposedHeaders: string[] = [];

  @Flag()
  @Validate(NamesOriginsForCredentials)
  allowCredentials = false;

  @Flag()
  allowPrivateNetwork = false;

  @Int({ key: 'max-age', optional: true, about: 'How long a browser may remember a preflight, in seconds.' })
  @Min(0)
  maxAgeSeconds?: number;

  @Flag({ about: 'Let preflights through to the upstream.' })
  passthrough = false;
}

/** Spring's `globalcors`. */
export class GlobalCorsSettings {
  @MapOf({ kind: 'nested', of: () => CorsSettings }, { about: 'By path pattern; the first that matches decides.' })
  corsConfigurations: Record<string, CorsSettings> = {};

  @Flag({ about: 'Answer preflights of paths that no route matches, too.' })
  addToSimpleUrlHandlerMapping = false;

  @Flag({ about: 'Whether `metadata.cors` of routes counts.' })
  enabled = true;
}

export const CORS_SETTINGS: GlobalSettingsSchema<GlobalCorsSettings> = {
  configId: 'cors',
  type: GlobalCorsSettings,
  unwrap: (configuration) => unwrapped(configuration, 'globalcors'),
};
