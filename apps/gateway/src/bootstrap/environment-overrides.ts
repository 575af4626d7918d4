import { bind, type Json, StartupError } from '@tigateway/model';
import { resolve } from 'node:path';
import { GatewaySettings } from './gateway-settings.js';

interface Override {
  readonly as: (value: string) => Json;
  readonly copy: (from: GatewaySettings, to: GatewaySettings) => void;
}

/** The variables that win over the bootstrap file. */
const OVERRIDES: Readonly<Record<string, Override>> = {
  TIGATEWAY_SERVER_PORT: {
    as: (port) => ({ server: { port } }),
    copy: (from, to) => (to.server.port = from.server.port),
  },
  TIGATEWAY_SERVER_ADDRESS: {
    as: (address) => ({ server: { address } }),
    copy: (from, to) => (to.server.address = from.server.address),
  },
  TIGATEWAY_MANAGEMENT_PORT: {
    as: (port) => ({ management: { port } }),
    copy: (from, to) => (to.management.port = from.management.port),
  },
  TIGATEWAY_MANAGEMENT_ADDRESS: {
    as: (address) => ({ management: { address } }),
    copy: (from, to) => (to.management.address = from.management.address),
  },
  TIGATEWAY_DATA_DIR: {
    // Whoever sets a variable thinks from where they stand, not from where the file is.
    as: (dataDir) => ({ tigateway: { dataDir: resolve(dataDir) } }),
    copy: (from, to) => (to.tigateway.dataDir = from.tigateway.dataDir),
  },
  TIGATEWAY_ADMIN_TOKEN: {
    as: (token) => ({ management: { auth: { token } } }),
    copy: (from, to) => (to.management.auth.token = from.management.auth.token),
  },
  TIGATEWAY_LOG_LEVEL: {
    as: (logLevel) => ({ tigateway: { logLevel } }),
    copy: (from, to) => (to.tigateway.logLevel = from.tigateway.logLevel),
  },
};

/** An empty variable counts as unset. @throws StartupError naming the variable */
export function applyOverrides(settings: GatewaySettings, environment: NodeJS.ProcessEnv): void {
  for (const [variable, { as, copy }] of Object.entries(OVERRIDES)) {
    const value = environment[variable];
    if (value === undefined || value === '') continue;
    const { value: bound, problems } = bind(GatewaySettings, as(value));
    if (!bound)
      throw new StartupError(`environment variable ${variable}: ${problems.map((p) => p.message).join('; ')}`);
    copy(bound, settings);
  }
}
