import type { Bootstrap } from '../bootstrap/bootstrap-file.js';
import { extensionFiles } from '../extensions/extensions.js';
import { dataPlaneOptions } from '../traffic/data-plane-options.js';
import { apiVersionOf, trafficFiltersOptions } from '../traffic/traffic-filters-options.js';
import type { WorkerSetup } from './worker-messages.js';

/** What each of `count` workers is told of the bootstrap file. */
export function workerSetup(bootstrap: Bootstrap, count: number): WorkerSetup {
  const { settings, folder } = bootstrap;
  const { server, management, tigateway } = settings;
  const dataPlane = dataPlaneOptions(settings);
  const listener = ({ address, port }: { address: string; port: number }): { address: string; port: number } => ({
    address,
    port,
  });
  return {
    dataPlane: {
      ...dataPlane,
      // Connections are given to workers in turn, so that each has its share of all.
      limits: { ...dataPlane.limits, maxConnections: Math.ceil(server.maxConnections / count) },
    },
    filters: trafficFiltersOptions(settings, folder),
    apiVersion: apiVersionOf(settings),
    disabled: tigateway.disabled,
    extensions: extensionFiles(bootstrap),
    ownListeners: [listener(server), listener(management)],
    logLevel: tigateway.logLevel,
  };
}
