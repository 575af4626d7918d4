import type { ConfigType, Problem } from '@tigateway/model';
import type { RecordedRequests } from '@tigateway/observability';
import type {
  BreakerFacts,
  BucketSettings,
  DataPlaneOptions,
  PoolFacts,
  ServiceFacts,
  ServiceInstance,
  TrafficFiltersOptions,
} from '@tigateway/proxy';
import type { ApiVersionSettings, DisabledNames, OwnListener, SampledRequest } from '@tigateway/routing';
import type { ExtensionFile } from '../extensions/extensions.js';

/*
 * What the control process and a worker say to each other, over the channel that Node's cluster gives them. Messages of one
 * direction arrive in the order in which they were sent; that is what the order of changes rests on.
 */

/** Everything that a worker is told of the bootstrap file: it does not read it. */
export interface WorkerSetup {
  readonly dataPlane: DataPlaneOptions;
  readonly filters: TrafficFiltersOptions;
  readonly apiVersion: ApiVersionSettings;
  readonly disabled: DisabledNames;
  readonly extensions: readonly ExtensionFile[];
  readonly ownListeners: readonly OwnListener[];
  readonly logLevel: string;
}

export type ToWorker =
  | { readonly type: 'begin'; readonly setup: WorkerSetup }
  /** A part of a change; compiled once the last part has come. */
  | { readonly type: 'changes'; readonly sequence: number; readonly part: string; readonly isLast: boolean }
  /** What was compiled of `sequence` serves from here on. */
  | { readonly type: 'swap'; readonly sequence: number }
  | { readonly type: 'discard'; readonly sequence: number }
  | { readonly type: 'services'; readonly services: ServicesUpdate }
  | { readonly type: 'listen' }
  /** Stop in order and end. */
  | { readonly type: 'drain'; readonly lingerMs: number }
  | { readonly type: 'ask'; readonly id: number; readonly withFacts: boolean }
  | { readonly type: 'verdicts'; readonly verdicts: readonly BucketVerdict[] };

export type FromWorker =
  | { readonly type: 'hello' }
  | { readonly type: 'prepared'; readonly sequence: number }
  | { readonly type: 'refused'; readonly sequence: number; readonly refusal: CompileRefusal }
  | { readonly type: 'swapped'; readonly sequence: number; readonly counts: WorkerCounts }
  | { readonly type: 'listening'; readonly address: string; readonly port: number }
  | { readonly type: 'failed'; readonly failure: StartFailure }
  | ({ readonly type: 'report'; readonly id: number } & WorkerReport)
  | { readonly type: 'take'; readonly takes: readonly BucketTake[] }
  /** A service that nobody has told of is asked for by a request. */
  | { readonly type: 'seek'; readonly service: string };

/** What does not compile in a worker; `undefined`: the failure is none of a configuration's. */
export interface CompileRefusal {
  readonly of:
    { readonly configType: ConfigType; readonly id: string; readonly problems: readonly Problem[] } | undefined;
  readonly message: string;
}

/** What is left of an error on its way to another process. */
export interface StartFailure {
  readonly message: string;
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
}

export interface ServicesUpdate {
  /** Absent: they are what they were. */
  readonly names?: readonly string[];
  readonly instances: readonly (readonly [service: string, instances: readonly ServiceInstance[]])[];
}

/** What a worker has counted since it last told of it. */
export interface WorkerCounts {
  /** Of the configuration that served meanwhile. */
  readonly sequence: number;
  readonly requests: readonly RecordedRequests[];
  readonly routes: readonly RouteCount[];
  /** Of routes that have been replaced. */
  readonly outgoing: { readonly requests: number; readonly failures: number };
  /** Some of the last requests, the oldest first. */
  readonly samples: readonly SampledRequest[];
}

export interface RouteCount {
  readonly routeId: string;
  readonly requests: number;
  readonly failures: number;
}

/** Empty while a worker begins. */
export interface WorkerReport {
  readonly counts?: WorkerCounts;
  readonly live?: LiveFacts;
  readonly facts?: WorkerFacts;
}

export interface LiveFacts {
  readonly inFlight: number;
  readonly openWebSockets: number;
}

/** What costs something to find out. */
export interface WorkerFacts {
  readonly services: readonly ServiceFacts[];
  readonly pools: readonly PoolFacts[];
  readonly breakers: readonly BreakerFacts[];
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export type BucketTake = readonly [id: number, bucket: string, settings: BucketSettings];
export type BucketVerdict = readonly [id: number, isAllowed: boolean, remaining: number];
