import { isLoopback } from '@tigateway/admin';
import type { GatewaySettings } from './gateway-settings.js';

export interface SettingsProblem {
  readonly pointer: string;
  readonly message: string;
}

/** What is wrong between keys that are each right alone. */
export function settingsProblems({ server, management, tigateway }: GatewaySettings): SettingsProblem[] {
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
  for (const source of ['configmap', 'crd'] as const) {
    if (!tigateway.sources[source].enabled) continue;
    problems.push({
      pointer: `/tigateway/sources/${source}/enabled`,
      message: `this build has no "${source}" source; expected false`,
    });
  }
  if (tigateway.store === 'kubernetes') {
    problems.push({ pointer: '/tigateway/store', message: 'this build has no "kubernetes" store; expected embedded' });
  }
  return problems;
}
