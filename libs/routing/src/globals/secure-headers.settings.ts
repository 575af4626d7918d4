import { type GlobalSettingsSchema, ListOf, type Problem, Text } from '@tigateway/model';
import { ComponentError } from '../compiler/component.js';
import { SECURE_HEADERS, secureHeaderNames, type SecureHeaderValues } from '../filters/secure-header-list.js';
import { headerConstant } from '../patterns/header-template.js';
import { unwrapped } from './unwrapped.js';

/** What holds where a `SecureHeaders` filter says nothing itself: Spring's `filter.secure-headers`. */
export class SecureHeadersSettings implements SecureHeaderValues {
  @ListOf({ kind: 'text' }, { about: 'Headers to add beyond the default ones, unless the filter has a list.' })
  enable: string[] = [];

  @ListOf({ kind: 'text' }, { about: 'Headers not to add, unless the filter has a list.' })
  disable: string[] = [];

  @Text() xssProtectionHeader: string = SECURE_HEADERS.xssProtectionHeader.value;
  @Text() strictTransportSecurity: string = SECURE_HEADERS.strictTransportSecurity.value;
  @Text() frameOptions: string = SECURE_HEADERS.frameOptions.value;
  @Text() contentTypeOptions: string = SECURE_HEADERS.contentTypeOptions.value;
  @Text() referrerPolicy: string = SECURE_HEADERS.referrerPolicy.value;
  @Text() contentSecurityPolicy: string = SECURE_HEADERS.contentSecurityPolicy.value;
  @Text() downloadOptions: string = SECURE_HEADERS.downloadOptions.value;
  @Text() permittedCrossDomainPolicies: string = SECURE_HEADERS.permittedCrossDomainPolicies.value;
  @Text() permissionsPolicy: string = SECURE_HEADERS.permissionsPolicy.value;
}

export const SECURE_HEADERS_SETTINGS: GlobalSettingsSchema<SecureHeadersSettings> = {
  configId: 'secure-headers',
  type: SecureHeadersSettings,
  unwrap: (configuration) => unwrapped(configuration, 'secure-headers'),
  check: refusals,
};

function refusals(settings: SecureHeadersSettings): Problem[] {
  const checks: (readonly [key: string, read: () => unknown])[] = [
    ['enable', () => secureHeaderNames(settings.enable, 'enable')],
    ['disable', () => secureHeaderNames(settings.disable, 'disable')],
    ...Object.entries(SECURE_HEADERS).map(
      ([field, { key }]) => [key, () => headerConstant(settings[field as keyof SecureHeaderValues], key)] as const,
    ),
  ];
  return checks.flatMap(([key, read]) => {
    try {
      read();
      return [];
    } catch (error) {
      if (!(error instanceof ComponentError)) throw error;
      return [{ pointer: `/${key}`, code: error.code, message: error.message }];
    }
  });
}
