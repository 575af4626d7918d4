import type { WrittenComponent } from '@tigateway/routing';

/** Where the gateway departs from Spring Cloud Gateway: what is taken over and means something else here. */
export interface Difference {
  /** One sentence for the person who brings the configuration. */
  readonly message: string;
  /** Says in words when it is so; absent: always. */
  readonly when?: string;
  /** Whether it is so of this one; absent: always. */
  readonly concerns?: (written: WrittenComponent) => boolean;
}

const hasValues: Difference['concerns'] = ({ isShortcut, args }) => isShortcut && args.length > 0;
const holdsComma: Difference['concerns'] = ({ isShortcut, args }) =>
  !isShortcut && args.some(({ value }) => typeof value === 'string' && value.includes(','));
const isPlainIpv6 = (text: string): boolean => text.includes(':') && !text.includes('/');
const holdsPlainIpv6: Difference['concerns'] = ({ args }) =>
  args.some(({ value }) => (Array.isArray(value) ? value : [value]).some((each) => isPlainIpv6(String(each))));
const names =
  (argument: RegExp): Difference['concerns'] =>
  ({ args }) =>
    args.some(({ key }) => argument.test(key));

const commas = (what: string): Difference => ({
  when: 'a value holds a comma',
  message: `a comma inside a value separates ${what}, which in Spring are one that never matches`,
  concerns: holdsComma,
});
const ipv6: Difference = {
  when: 'an IPv6 address has no mask',
  message: 'an IPv6 address without a mask is that one address, and not the /32 around it',
  concerns: holdsPlainIpv6,
};

export const PREDICATE_DIFFERENCES: Readonly<Record<string, readonly Difference[]>> = {
  Host: [
    { message: 'hosts are compared without case, and a pattern without a port matches any port' },
    commas('patterns'),
  ],
  Method: [commas('methods')],
  Path: [
    {
      when: 'matchTrailingSlash is written',
      message: 'matchTrailingSlash counts, as in Spring Cloud Gateway 4; version 5 ignores it',
      concerns: ({ args }) =>
        args.length > 1 && [true, false, 'true', 'false'].some((flag) => args.at(-1)?.value === flag),
    },
  ],
  RemoteAddr: [ipv6, commas('addresses')],
  Weight: [
    { message: 'the draw is among the routes of the group that match the request otherwise, so none falls through' },
  ],
  XForwardedRemoteAddr: [
    ipv6,
    commas('addresses'),
    {
      when: 'maxTrustedIndex is written',
      message: 'maxTrustedIndex is read, and not taken for one more address',
      concerns: names(/^max-?trusted-?index$/i),
    },
  ],
};

export const FILTER_DIFFERENCES: Readonly<Record<string, readonly Difference[]>> = {
  CircuitBreaker: [{ message: 'without a fallback, a status of statusCodes passes to the client as it is' }],
  LocalResponseCache: [
    { message: 'Cache-Control is read directive by directive, and what is kept outlives changes of other routes' },
  ],
  RequestRateLimiter: [
    {
      message:
        'each process counts by itself unless tigateway.rate-limiter.backend is redis, and burstCapacity left out is the rate',
    },
    {
      when: 'with bucket4j-rate-limiter',
      message:
        'each route has buckets of its own, where in Spring all share the one of a key; without Redis tigateway.rate-limiter.fail-open decides, where Spring refuses',
      concerns: names(/^bucket-?4j-?rate-?limiter/i),
    },
    {
      when: 'in the short notation',
      message: 'the values of the short notation are read; Spring ignores them',
      concerns: hasValues,
    },
  ],
  RequestSize: [
    {
      when: 'in the short notation',
      message: 'the size is read; Spring ignores it in the short notation and allows 5 MB',
      concerns: hasValues,
    },
  ],
  Retry: [{ message: 'a request whose body is longer than buffer-limit (256KB) is not tried again' }],
};

/** By the key below Spring's root: of it and of all below it. */
export const KEY_DIFFERENCES: Readonly<Record<string, Difference>> = {
  'filter.local-response-cache': {
    message: 'switches the cache of all routes alone: the filter LocalResponseCache of a route is there in any case',
  },
  'filter.remove-hop-by-hop': { message: 'headers of the connection itself always end here, whatever the list says' },
  globalcors: {
    message: 'the settings belong to the route that matched; a preflight is matched by the method it asks for',
  },
  'trusted-proxies': {
    message: 'may be a list of CIDRs too, and each element of a forwarded list is judged by itself',
  },
};

export const NO_ROUTE_ID: Difference = {
  when: 'without an id',
  message: 'has no id, so it is made of the content and stays the same as long as that does',
};

export const ROUTE_CORS: Difference = {
  when: 'with metadata.cors',
  message: 'CORS belongs to this route and not to its path; a preflight is matched by the method it asks for',
};

/** Of every configuration that is brought. */
export const GENERAL_DIFFERENCES: Readonly<Record<string, Difference>> = {
  errors: {
    message:
      'an upstream that cannot be reached is answered with 502, 503 or 504 by cause; tigateway.compatibility.error-status: scg gives 500',
  },
  'forwarded headers': {
    message: 'are made for every request, and what a client sent is believed from trusted-proxies alone',
  },
  'trailing slash': { message: 'one more slash at the end of a path matches, as in Spring Cloud Gateway 4' },
  paths: {
    message:
      'with an encoded NUL, backslash or dot segment are answered with 400 (tigateway.path.ambiguous); others go on byte by byte',
  },
  retries: {
    message:
      'an idempotent request is repeated once where the upstream had just closed the connection that was used again',
  },
};
