import { Injectable } from '@nestjs/common';
import { ListOf, Text } from '@tigateway/model';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { SecureHeadersSettings } from '../globals/secure-headers.settings.js';
import { headerConstant } from '../patterns/header-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { addedHeaders, SECURE_HEADERS, secureHeaderNames, type SecureHeaderValues } from './secure-header-list.js';

const value = (header: string) => ({ optional: true, about: `The value of ${header}.` });

export class SecureHeadersArgs {
  @ListOf({ kind: 'text' }, { optional: true, about: 'Headers to add beyond the default ones.' })
  enable?: string[];

  @ListOf({ kind: 'text' }, { optional: true, about: 'Headers not to add.' })
  disable?: string[];

  @Text({ optional: true, about: 'The value of Permissions-Policy, which `enable` must name to have it added.' })
  permissionsPolicy?: string;

  @Text(value('X-Xss-Protection')) xssProtectionHeaderValue?: string;
  @Text(value('Strict-Transport-Security')) strictTransportSecurityHeaderValue?: string;
  @Text(value('X-Frame-Options')) frameOptionsHeaderValue?: string;
  @Text(value('X-Content-Type-Options')) contentTypeOptionsHeaderValue?: string;
  @Text(value('Referrer-Policy')) referrerPolicyHeaderValue?: string;
  @Text(value('Content-Security-Policy')) contentSecurityPolicyHeaderValue?: string;
  @Text(value('X-Download-Options')) downloadOptionsHeaderValue?: string;
  @Text(value('X-Permitted-Cross-Domain-Policies')) permittedCrossDomainPoliciesHeaderValue?: string;
  @Text(value('Permissions-Policy, where `permissions-policy` gives none')) permissionPolicyHeaderValue?: string;
}

type Field = keyof SecureHeaderValues;

/** Which arguments give the value of which header; the first that is there counts. */
const ARGUMENTS: Readonly<Record<Field, readonly (keyof SecureHeadersArgs)[]>> = {
  xssProtectionHeader: ['xssProtectionHeaderValue'],
  strictTransportSecurity: ['strictTransportSecurityHeaderValue'],
  frameOptions: ['frameOptionsHeaderValue'],
  contentTypeOptions: ['contentTypeOptionsHeaderValue'],
  referrerPolicy: ['referrerPolicyHeaderValue'],
  contentSecurityPolicy: ['contentSecurityPolicyHeaderValue'],
  downloadOptions: ['downloadOptionsHeaderValue'],
  permittedCrossDomainPolicies: ['permittedCrossDomainPoliciesHeaderValue'],
  permissionsPolicy: ['permissionsPolicy', 'permissionPolicyHeaderValue'],
};

@Injectable()
export class SecureHeadersFilterFactory implements FilterFactory<SecureHeadersArgs> {
  readonly name = 'SecureHeaders';
  readonly args = SecureHeadersArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: [] };
  readonly isShared = true;
  readonly about = 'Adds those security headers to the response that it has not.';
  readonly example = 'SecureHeaders';

  compile(args: SecureHeadersArgs): GatewayFilter {
    const { enable, disable, permissionsPolicy } = args;
    // Whoever says one of the three says what is added; the global lists have no part in it then.
    const own =
      enable || disable || permissionsPolicy !== undefined
        ? addedHeaders(secureHeaderNames(enable ?? [], 'enable'), secureHeaderNames(disable ?? [], 'disable'))
        : undefined;
    const values = new Map<Field, string>();
    for (const field of Object.keys(ARGUMENTS) as Field[]) {
      const argument = ARGUMENTS[field].find((name) => args[name] !== undefined);
      if (argument !== undefined) values.set(field, headerConstant(args[argument] as string, argument));
    }
    return new SecureHeaders(own, values);
  }
}

type Line = readonly [header: string, value: string];

class SecureHeaders implements GatewayFilter {
  /** Made for these settings, which seldom change. */
  private made: { readonly of: SecureHeadersSettings; readonly lines: readonly Line[] } | undefined;

  constructor(
    private readonly own: readonly Field[] | undefined,
    private readonly values: ReadonlyMap<Field, string>,
  ) {}

  onResponse({ response: { headers }, globals: { secureHeaders } }: Exchange): void {
    if (this.made?.of !== secureHeaders) this.made = { of: secureHeaders, lines: this.linesFor(secureHeaders) };
    for (const [header, text] of this.made.lines) if (!headers.has(header)) headers.append(header, text);
  }

  private linesFor(settings: SecureHeadersSettings): readonly Line[] {
    const fields =
      this.own ??
      addedHeaders(secureHeaderNames(settings.enable, 'enable'), secureHeaderNames(settings.disable, 'disable'));
    return fields.map((field) => [
      SECURE_HEADERS[field].header,
      this.values.get(field) ?? headerConstant(settings[field], field),
    ]);
  }

  toString(): string {
    return filterText('SecureHeaders');
  }
}
