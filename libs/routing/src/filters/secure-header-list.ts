import { ComponentError } from '../compiler/component.js';

interface SecureHeader {
  readonly header: string;
  /** As the global configuration `secure-headers` writes it. */
  readonly key: string;
  readonly value: string;
}

const NO_FEATURES =
  'accelerometer ambient-light-sensor autoplay battery camera cross-origin-isolated display-capture document-domain encrypted-media execution-while-not-rendered execution-while-out-of-viewport fullscreen geolocation gyroscope keyboard-map magnetometer microphone midi navigation-override payment picture-in-picture publickey-credentials-get screen-wake-lock sync-xhr usb web-share xr-spatial-tracking'
    .split(' ')
    .map((feature) => `${feature}=()`)
    .join(', ');

/** The headers that `SecureHeaders` adds, with the values that Spring gives them, in the order in which they are added. */
export const SECURE_HEADERS = {
  xssProtectionHeader: { header: 'X-Xss-Protection', key: 'xss-protection-header', value: '1 ; mode=block' },
  strictTransportSecurity: {
    header: 'Strict-Transport-Security',
    key: 'strict-transport-security',
    value: 'max-age=631138519',
  },
  frameOptions: { header: 'X-Frame-Options', key: 'frame-options', value: 'DENY' },
  contentTypeOptions: { header: 'X-Content-Type-Options', key: 'content-type-options', value: 'nosniff' },
  referrerPolicy: { header: 'Referrer-Policy', key: 'referrer-policy', value: 'no-referrer' },
  contentSecurityPolicy: {
    header: 'Content-Security-Policy',
    key: 'content-security-policy',
    value:
      "default-src 'self' https:; font-src 'self' https: data:; img-src 'self' https: data:; object-src 'none'; script-src https:; style-src 'self' https: 'unsafe-inline'",
  },
  downloadOptions: { header: 'X-Download-Options', key: 'download-options', value: 'noopen' },
  permittedCrossDomainPolicies: {
    header: 'X-Permitted-Cross-Domain-Policies',
    key: 'permitted-cross-domain-policies',
    value: 'none',
  },
  permissionsPolicy: { header: 'Permissions-Policy', key: 'permissions-policy', value: NO_FEATURES },
} as const satisfies Record<string, SecureHeader>;

export type SecureHeaderValues = Record<keyof typeof SECURE_HEADERS, string>;

/** Added only where `enable` names it. */
const OPT_IN = SECURE_HEADERS.permissionsPolicy.header.toLowerCase();

const KNOWN: ReadonlySet<string> = new Set(Object.values(SECURE_HEADERS).map(({ header }) => header.toLowerCase()));

/** The names in lower case. @throws ComponentError for one that is not in the list */
export function secureHeaderNames(names: readonly string[], argument: string): ReadonlySet<string> {
  const lower = names.map((name) => name.toLowerCase());
  const unknown = names.find((_, at) => !KNOWN.has(lower[at] as string));
  if (unknown === undefined) return new Set(lower);
  const known = Object.values(SECURE_HEADERS).map(({ header }) => header);
  throw new ComponentError(argument, `"${unknown}" is none of ${known.join(', ')}`);
}

/** The fields of the headers that are added. @param enabled names in lower case, likewise `disabled` */
export function addedHeaders(
  enabled: ReadonlySet<string>,
  disabled: ReadonlySet<string>,
): readonly (keyof SecureHeaderValues)[] {
  return (Object.keys(SECURE_HEADERS) as (keyof SecureHeaderValues)[]).filter((field) => {
    const header = SECURE_HEADERS[field].header.toLowerCase();
    return !disabled.has(header) && (header !== OPT_IN || enabled.has(header));
  });
}
