import type { InstanceStatus } from '../balancing/balanced-instance.js';
import type { ServiceSettings } from '../balancing/service-settings.js';
import type { ListeningAddress } from './data-plane-server.js';
import type { PoolFacts } from './upstream-client.js';

/** The traffic side of the gateway as the rest of it sees it: in this process, or in others that it has started. */
export abstract class TrafficPlane {
  /** Requests whose response is not complete yet; open WebSockets are not among them. */
  abstract readonly inFlight: number;
  abstract readonly openWebSockets: number;
  /** Whether all that is to serve does. */
  abstract readonly isListening: boolean;
  /** Every service that is known, and how its instances do. */
  abstract readonly services: readonly ServiceFacts[];
  /** Connections to upstreams, of the pools whose settings want them shown. */
  abstract readonly pools: readonly PoolFacts[];
  /** @throws the system's error where the address or a certificate cannot be had */
  abstract start(): Promise<ListeningAddress>;
  /** Takes no new connections, closes WebSockets with 1001, and lets requests finish for as long as the settings say. */
  abstract stop(): Promise<void>;
}

export interface ServiceFacts {
  readonly name: string;
  readonly balancing: ServiceSettings['balancing'];
  readonly instances: readonly InstanceFacts[];
}

export interface InstanceFacts {
  /** `host:port`. */
  readonly authority: string;
  readonly status: InstanceStatus;
  /** Requests under way. */
  readonly active: number;
  /** Since the instance is known. */
  readonly requests: number;
  readonly failures: number;
  readonly ejections: number;
}
