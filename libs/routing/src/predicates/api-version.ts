import type { GatewayRequest } from '../exchange/exchange.js';

/**
 * How a request says which version of an API it wants: by a header, a parameter, a path segment. A program that embeds the
 * gateway provides one; without any, no request names a version.
 */
export abstract class ApiVersionSource {
  abstract versionOf(request: GatewayRequest): string | undefined;
}

/** Major, minor and patch. */
export type ApiVersion = readonly [number, number, number];

/** Reads `1`, `1.2`, `1.2.3` and the same behind letters (`v1`); what is left out is 0. */
export function parseApiVersion(text: string): ApiVersion | undefined {
  const match = /^[^\d.]*(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?$/.exec(text.trim());
  return match ? [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)] : undefined;
}

/** Negative where `a` is the older one. */
export function compareApiVersions(a: ApiVersion, b: ApiVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
