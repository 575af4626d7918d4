export * from './conditions.js';
export { KubernetesClient } from './kubernetes-client.js';
export type {
  CallOptions,
  KubernetesClientOptions,
  ObjectDeletion,
  ObjectList,
  ObjectPatch,
  WatchState,
} from './kubernetes-client.js';
export * from './kubernetes-error.js';
export * from './kubernetes-object.js';
export * from './label-selector.js';
export * from './leader-election.js';
export * from './merged-watch.js';
export * from './resource-watch.js';
export * from './resources.js';
export * from './service-endpoints.js';
export * from './status-writer.js';
export type { Timing } from './timing.js';
