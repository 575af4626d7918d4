import { Flag, type GlobalSettingsSchema, Int, isJsonObject, ListOf, Nested } from '@tigateway/model';
import { unwrapped } from './unwrapped.js';

/** Which `X-Forwarded-*` headers are made, and whether they follow what a trusted peer sent or replace it: Spring's `x-forwarded`. */
export class XForwardedHeaderSettings {
  @Flag() enabled = true;
  @Flag() forEnabled = true;
  @Flag() hostEnabled = true;
  @Flag() portEnabled = true;
  @Flag() protoEnabled = true;
  @Flag() prefixEnabled = true;
  @Flag() forAppend = true;
  @Flag() hostAppend = true;
  @Flag() portAppend = true;
  @Flag() protoAppend = true;
  @Flag() prefixAppend = true;
  @Int({ about: 'Needs nothing: the headers are made after every filter.' }) order = 0;
}

export class ForwardedBySettings {
  @Flag({ about: 'Refused where true: the address that the client connected to is not told.' }) enabled = false;
}

/** Whether the header `Forwarded` (RFC 7239) is made: Spring's `forwarded`. */
export class ForwardedHeaderSettings {
  @Flag() enabled = true;
  @Nested(() => ForwardedBySettings) by = new ForwardedBySettings();
}

/** Whose forwarded headers are believed: Spring's `trusted-proxies`, a text or a list. It goes before the bootstrap file's. */
export class TrustedProxiesSettings {
  @ListOf({ kind: 'text' }, { splitsCommas: false, about: 'CIDRs, or one regular expression on the peer’s address.' })
  trustedProxies!: string[];
}

export const X_FORWARDED_SETTINGS: GlobalSettingsSchema<XForwardedHeaderSettings> = {
  configId: 'x-forwarded',
  type: XForwardedHeaderSettings,
  unwrap: (configuration) => unwrapped(configuration, 'x-forwarded'),
};

export const FORWARDED_SETTINGS: GlobalSettingsSchema<ForwardedHeaderSettings> = {
  configId: 'forwarded',
  type: ForwardedHeaderSettings,
  unwrap: (configuration) => unwrapped(configuration, 'forwarded'),
  check: ({ by }) =>
    by.enabled
      ? [
          {
            pointer: '/by/enabled',
            code: 'unsupported',
            message: 'the address that the client connected to is not told',
          },
        ]
      : [],
};

export const TRUSTED_PROXIES_SETTINGS: GlobalSettingsSchema<TrustedProxiesSettings> = {
  configId: 'trusted-proxies',
  type: TrustedProxiesSettings,
  unwrap: (configuration) => (isJsonObject(configuration) ? configuration : { trustedProxies: configuration }),
};
