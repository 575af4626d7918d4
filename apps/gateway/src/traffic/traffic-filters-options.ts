import { resolve } from 'node:path';
import type { OAuth2ClientSettings, RateLimiterOptions, TrafficFiltersOptions } from '@tigateway/proxy';
import type { ApiVersionSettings } from '@tigateway/routing';
import type { GatewaySettings } from '../bootstrap/gateway-settings.js';
import type { OAuth2ClientRegistration } from '../bootstrap/oauth2-settings.js';

/**
 * What the traffic's filters are told by the bootstrap file, in their own words.
 * @param folder of the bootstrap file
 */
export function trafficFiltersOptions({ tigateway }: GatewaySettings, folder: string): TrafficFiltersOptions {
  const { rateLimiter: settings, redis } = tigateway;
  const { backend, failOpen, denyEmptyKey, emptyKeyStatusCode, keyResolvers } = settings;
  const rateLimiter: RateLimiterOptions = {
    backend,
    redis,
    failOpen,
    denyEmptyKey,
    emptyKeyStatus: emptyKeyStatusCode,
    keyResolvers,
    headers: {
      included: settings.includeHeaders,
      remaining: settings.remainingHeader,
      replenishRate: settings.replenishRateHeader,
      burstCapacity: settings.burstCapacityHeader,
      requestedTokens: settings.requestedTokensHeader,
    },
  };
  return {
    rateLimiter,
    oauth2Clients: Object.fromEntries(
      Object.entries(tigateway.oauth2.clients).map(([id, each]) => [id, clientOf(each)]),
    ),
    descriptorFolders: tigateway.jsonToGrpc.descriptorFolders.map((each) => resolve(folder, each)),
    deniedUpstreams: tigateway.upstreams.deny,
  };
}

function clientOf(registration: OAuth2ClientRegistration): OAuth2ClientSettings {
  const { scope, clientAuthenticationMethod, ...rest } = registration;
  return { ...rest, scopes: scope, authentication: clientAuthenticationMethod };
}

/** Where a request names the version of an API. */
export function apiVersionOf({ tigateway }: GatewaySettings): ApiVersionSettings {
  const { use, defaultVersion } = tigateway.apiVersion;
  return { ...use, defaultVersion };
}
