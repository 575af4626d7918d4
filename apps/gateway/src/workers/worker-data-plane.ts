import { SystemClock } from '@tigateway/model';
import { RequestMetrics } from '@tigateway/observability';
import {
  assembleDataPlane,
  type DataPlane,
  httpClientProblems,
  serviceInstances,
  trafficFilters,
  TrafficFilterState,
} from '@tigateway/proxy';
import {
  type CompileEnvironment,
  ConfiguredApiVersion,
  RouteCompiler,
  RouteManager,
  SnapshotCompiler,
  standardCatalogue,
} from '@tigateway/routing';
import { AccessLog } from '../traffic/access-log.js';
import { FailureLog } from '../traffic/failure-log.js';
import { TrafficObserver } from '../traffic/traffic-observer.js';
import type { ControlBuckets } from './control-buckets.js';
import { extensionFactories } from './extension-factories.js';
import { RequestCounts } from './request-counts.js';
import type { ToldServiceInstances } from './told-service-instances.js';
import type { WorkerFacts, WorkerSetup } from './worker-messages.js';

/** All that serves traffic in a worker. */
export interface WorkerDataPlane {
  readonly routes: RouteManager;
  readonly compiler: SnapshotCompiler;
  readonly plane: DataPlane;
  readonly counts: RequestCounts;
  facts(): WorkerFacts;
  close(): Promise<void>;
}

/** @throws StartupError where an extension cannot be used */
export async function workerDataPlane(
  { dataPlane: options, filters, apiVersion, disabled, extensions, ownListeners }: WorkerSetup,
  { services: others, buckets }: { services: ToldServiceInstances; buckets: ControlBuckets },
): Promise<WorkerDataPlane> {
  const clock = new SystemClock();
  const environment: CompileEnvironment = { ownListeners, httpClientProblems };
  const routes = new RouteManager();
  const state = new TrafficFilterState({ clock, environment, routes, buckets }, filters);
  const outside = await extensionFactories(extensions, { clock, environment, routes });
  const catalogue = standardCatalogue(outside.predicates, [...trafficFilters(state), ...outside.filters], {
    disabled,
    apiVersion: new ConfiguredApiVersion(apiVersion),
  });
  const metrics = new RequestMetrics();
  const counts = new RequestCounts(routes, metrics);
  const observer = new TrafficObserver(routes, metrics, new AccessLog(), new FailureLog(clock), counts);
  const services = serviceInstances(options, others);
  const plane = assembleDataPlane(options, { routes, services, observer, environment });
  return {
    routes,
    compiler: new SnapshotCompiler(new RouteCompiler(catalogue, clock, environment)),
    plane,
    counts,
    facts: () => {
      const { user, system } = process.cpuUsage();
      return {
        services: plane.services,
        pools: plane.pools,
        breakers: state.breakers.all,
        cpuSeconds: (user + system) / 1e6,
        residentBytes: process.memoryUsage.rss(),
      };
    },
    close: async () => {
      state.close();
      await outside.close();
    },
  };
}
