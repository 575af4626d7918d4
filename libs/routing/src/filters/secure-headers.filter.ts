import { Injectable } from '@nestjs/common';
import { ListOf, Text } from '@tigateway/model';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { headerConstant } from '../patterns/header-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

const NO_FEATURES =
  'accelerometer ambient-light-sensor autoplay battery camera cross-origin-isolated display-capture document-domain encrypted-media execution-while-not-rendered execution-while-out-of-viewport fullscreen geolocation gyroscope keyboard-map magnetometer microphone midi navigation-override payment picture-in-picture publickey-credentials-get screen-wake-lock sync-xhr usb web-share xr-spatial-tracking'
    .split(' ')
    .map((feature) => `${feature}=()`)
    .join(', ');

const value = (header: string) => ({ optional: true, about: `The value of ${header}.` });

export class SecureHeadersArgs {
  @ListOf({ kind: 'text' }, { about: 'Headers to add beyond the default ones.' })
  enable: string[] = [];

  @ListOf({ kind: 'text' }, { about: 'Headers not to add.' })
  disable: string[] = [];

  @Text({ optional: true, about: 'The value of Permissions-Policy, which `enable` must name to have it added.' })
  permissionsPolicy?: string;

  @Text(value('X-Xss-Protection'))
  xssProtectionHeaderValue = '1 ; mode=block';

  @Text(value('Strict-Transport-Security'))
  strictTransportSecurityHeaderValue = 'max-age=631138519';

  @Text(value('X-Frame-Options'))
  frameOptionsHeaderValue = 'DENY';

  @Text(value('X-Content-Type-Options'))
  contentTypeOptionsHeaderValue = 'nosniff';

  @Text(value('Referrer-Policy'))
  referrerPolicyHeaderValue = 'no-referrer';

  @Text(value('Content-Security-Policy'))
  contentSecurityPolicyHeaderValue =
    "default-src 'self' https:; font-src 'self' https: data:; img-src 'self' https: data:; object-src 'none'; script-src https:; style-src 'self' https: 'unsafe-inline'";

  @Text(value('X-Download-Options'))
  downloadOptionsHeaderValue = 'noopen';

  @Text(value('X-Permitted-Cross-Domain-Policies'))
  permittedCrossDomainPoliciesHeaderValue = 'none';

  @Text(value('Permissions-Policy, where `permissions-policy` gives none'))
  permissionPolicyHeaderValue = NO_FEATURES;
}

type ValueField = keyof SecureHeadersArgs & `${string}Value`;

/** Which argument is the value of which header, in the order in which they are added. */
const HEADERS: Readonly<Record<string, ValueField>> = {
  'X-Xss-Protection': 'xssProtectionHeaderValue',
  'Strict-Transport-Security': 'strictTransportSecurityHeaderValue',
  'X-Frame-Options': 'frameOptionsHeaderValue',
  'X-Content-Type-Options': 'contentTypeOptionsHeaderValue',
  'Referrer-Policy': 'referrerPolicyHeaderValue',
  'Content-Security-Policy': 'contentSecurityPolicyHeaderValue',
  'X-Download-Options': 'downloadOptionsHeaderValue',
  'X-Permitted-Cross-Domain-Policies': 'permittedCrossDomainPoliciesHeaderValue',
  'Permissions-Policy': 'permissionPolicyHeaderValue',
};
const OPT_IN = 'permissions-policy';

@Injectable()
export class SecureHeadersFilterFactory implements FilterFactory<SecureHeadersArgs> {
  readonly name = 'SecureHeaders';
  readonly args = SecureHeadersArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: [] };
  readonly about = 'Adds those security headers to the response that it has not.';
  readonly example = 'SecureHeaders';

  compile(args: SecureHeadersArgs): GatewayFilter {
    const enabled = lowerNames(args.enable, 'enable');
    const disabled = lowerNames(args.disable, 'disable');
    const added = Object.entries(HEADERS).filter(([header]) => {
      const lower = header.toLowerCase();
      return !disabled.has(lower) && (lower !== OPT_IN || enabled.has(lower));
    });
    return new SecureHeaders(added.map(([header, field]) => [header, headerConstant(valueOf(args, field), field)]));
  }
}

function valueOf(args: SecureHeadersArgs, field: ValueField): string {
  return (field === 'permissionPolicyHeaderValue' ? args.permissionsPolicy : undefined) ?? args[field];
}

function lowerNames(names: readonly string[], argument: string): ReadonlySet<string> {
  const known = new Set(Object.keys(HEADERS).map((header) => header.toLowerCase()));
  const lower = names.map((name) => name.toLowerCase());
  const unknown = names.find((_, at) => !known.has(lower[at] as string));
  if (unknown === undefined) return new Set(lower);
  throw new ComponentError(argument, `"${unknown}" is none of ${Object.keys(HEADERS).join(', ')}`);
}

class SecureHeaders implements GatewayFilter {
  constructor(private readonly lines: readonly (readonly [header: string, value: string])[]) {}

  onResponse({ response: { headers } }: Exchange): void {
    for (const [header, text] of this.lines) if (!headers.has(header)) headers.append(header, text);
  }

  toString(): string {
    return filterText('SecureHeaders');
  }
}
