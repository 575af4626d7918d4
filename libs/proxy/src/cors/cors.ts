import {
  type CompiledGlobals,
  type CompiledRoute,
  type CorsSettings,
  type GatewayRequest,
  HeaderList,
  MalformedPathError,
  PreparedPath,
  type ShortResponse,
} from '@tigateway/routing';
import { CorsPolicy } from './cors-policy.js';

/** What CORS has to say of a request: lines for its response, or the response itself. */
export interface CorsVerdict {
  readonly lines: string[] | undefined;
  readonly response: ShortResponse | undefined;
}

const VARY = ['Vary', 'Origin', 'Vary', 'Access-Control-Request-Method', 'Vary', 'Access-Control-Request-Headers'];
const REFUSED: ShortResponse = {
  status: 403,
  headers: new HeaderList(['Content-Type', 'text/plain']),
  body: 'Invalid CORS request',
};

/** The method that a preflight asks for; `undefined` for every other request. */
export function preflightMethod(request: GatewayRequest): string | undefined {
  if (request.method !== 'OPTIONS' || !request.headers.has('origin')) return undefined;
  return request.headers.get('access-control-request-method');
}

/** The route's own settings, else those of the first global pattern that matches the path. */
export function corsSettingsOf(
  route: CompiledRoute | undefined,
  { cors }: CompiledGlobals,
  request: GatewayRequest,
): CorsSettings | undefined {
  if (route?.cors !== undefined && cors.honoursRoutes) return route.cors;
  try {
    return cors.settingsFor(PreparedPath.of(request));
  } catch (error) {
    // A path that cannot be decoded matches no pattern; a route without a Path predicate may serve it all the same.
    if (error instanceof MalformedPathError) return undefined;
    throw error;
  }
}

/** @returns `undefined` where CORS has no part in the request */
export function judgeCors(
  request: GatewayRequest,
  settings: CorsSettings | undefined,
  preflight: string | undefined,
): CorsVerdict | undefined {
  if (settings === undefined) {
    // A preflight belongs to the gateway even where nothing is allowed: an answer without CORS headers refuses it.
    return preflight === undefined ? undefined : { lines: undefined, response: { status: 200 } };
  }
  const policy = CorsPolicy.of(settings);
  if (preflight !== undefined && policy.passesPreflights) return undefined;
  const { headers } = request;
  const origin = headers.get('origin');
  if (origin === undefined || isSameOrigin(origin, request)) return { lines: VARY, response: undefined };
  if (preflight === undefined) {
    const lines = policy.allow(origin, request.method);
    return lines === undefined
      ? { lines: VARY, response: REFUSED }
      : { lines: [...VARY, ...lines], response: undefined };
  }
  const asked = headers
    .getAll('access-control-request-headers')
    .flatMap((line) => line.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const asksPrivateNetwork = headers.get('access-control-request-private-network') === 'true';
  const lines = policy.allowPreflight(origin, preflight, asked, asksPrivateNetwork);
  return lines === undefined
    ? { lines: VARY, response: REFUSED }
    : { lines: [...VARY, ...lines], response: { status: 200 } };
}

function isSameOrigin(origin: string, { scheme, headers }: GatewayRequest): boolean {
  const host = headers.get('host');
  return host !== undefined && withPort(origin) === withPort(`${scheme}://${host}`);
}

/** Scheme, host and port, the default port spelt out. */
function withPort(origin: string): string {
  const lower = origin.toLowerCase();
  if (/:\d+$/.test(lower)) return lower;
  return `${lower}:${lower.startsWith('https:') ? 443 : 80}`;
}
