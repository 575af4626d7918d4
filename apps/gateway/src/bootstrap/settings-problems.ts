import { isLoopback } from '@tigateway/admin';
import { DiscoveryRoutes, type Placeholders, UPDATE_POLICY, withoutSecretValues } from '@tigateway/configuration';
import { LabelSelector } from '@tigateway/kubernetes';
import { AddressSet, bindGlobal, type GlobalSettingsSchema, type Json } from '@tigateway/model';
import { NOTIFICATION } from '@tigateway/notifications';
import { KeyResolvers, ListenerTls } from '@tigateway/proxy';
import { trustedProxies } from '@tigateway/routing';
import { leaseProblem } from './kubernetes-settings.js';
import { readServices } from './service-list.js';
import { workerCount } from './worker-count.js';
import type { GatewaySettings, ServerTlsSettings } from './gateway-settings.js';

export interface SettingsProblem {
  readonly pointer: string;
  readonly message: string;
}

/**
 * What is wrong between keys that are each right alone, or in what another lib reads.
 * @param placeholders resolves what the update policy keeps unresolved
 */
export function settingsProblems(
  { server, management, tigateway }: GatewaySettings,
  placeholders: Placeholders,
): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  if (!management.auth.token && !isLoopback(management.address)) {
    problems.push({
      pointer: '/management/address',
      message:
        `the management server listens on "${management.address}" without a token: set management.auth.token ` +
        '(TIGATEWAY_ADMIN_TOKEN), or a loopback address such as 127.0.0.1',
    });
  }
  if (server.port !== 0 && server.port === management.port) {
    problems.push({
      pointer: '/management/port',
      message: `server.port and management.port are both ${server.port}; expected two different ports`,
    });
  }
  const lease = leaseProblem(tigateway.kubernetes.lease);
  if (lease !== undefined) problems.push({ pointer: '/tigateway/kubernetes/lease', message: lease });
  const { upstreams, services, trustedProxies: proxies, updatePolicy, notification } = tigateway;
  problems.push(
    ...problemsOf(UPDATE_POLICY, updatePolicy, placeholders, '/tigateway/update-policy'),
    ...problemsOf(NOTIFICATION, notification, placeholders, '/tigateway/notification'),
    ...whatThrows('/server/workers', () => workerCount(server.workers)),
    ...(server.tls ? tlsProblems(server.tls) : []),
    ...whatThrows('/tigateway/upstreams/deny', () => new AddressSet(upstreams.deny)),
    ...readServices(services).problems,
    ...whatThrows('/tigateway/discovery/locator', () => new DiscoveryRoutes(tigateway.discovery.locator)),
    ...whatThrows('/tigateway/discovery/kubernetes/label-selector', () =>
      LabelSelector.parse(tigateway.discovery.kubernetes.labelSelector),
    ),
    ...whatThrows('/tigateway/rate-limiter/key-resolvers', () => new KeyResolvers(tigateway.rateLimiter.keyResolvers)),
    ...whatThrows('/tigateway/trusted-proxies', () => trustedProxies(asOneText(proxies))),
  );
  return problems;
}

/** Of what is kept unresolved: a message may quote what it found, and must not quote a variable's value. */
function problemsOf(
  schema: GlobalSettingsSchema,
  configuration: Json,
  placeholders: Placeholders,
  pointer: string,
): readonly SettingsProblem[] {
  const { problems } = bindGlobal(schema, placeholders.resolve(configuration), pointer);
  return withoutSecretValues({ problems, warnings: [] }, { configuration, pointer }).problems;
}

/** A single entry may be addresses with commas between, as an environment variable holds them, or a regular expression. */
export function asOneText(list: readonly string[]): string | readonly string[] {
  return list.length === 1 ? (list[0] as string) : list;
}

/** What reads a setting knows best what is wrong with it. */
function whatThrows(pointer: string, read: () => unknown): SettingsProblem[] {
  try {
    read();
    return [];
  } catch (error) {
    return [{ pointer, message: (error as Error).message }];
  }
}

function tlsProblems(tls: ServerTlsSettings): SettingsProblem[] {
  if (tls.clientAuth !== 'none' && tls.clientCa === undefined) {
    const message = `client-auth "${tls.clientAuth}" needs client-ca, whose client certificates are good`;
    return [{ pointer: '/server/tls/client-auth', message }];
  }
  return whatThrows('/server/tls', () => new ListenerTls(tls));
}
