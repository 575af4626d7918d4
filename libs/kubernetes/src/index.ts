export { KubernetesClient } from './kubernetes-client.js';
export type {
  CallOptions,
  KubernetesClientOptions,
  ObjectDeletion,
  ObjectList,
  ObjectPatch,
  WatchState,
} from './kubernetes-client.js';
export { KubernetesError } from './kubernetes-error.js';
export {
  apiVersionOf,
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  EVENTS,
  INGRESS_CLASSES,
  INGRESSES,
  LEASES,
  NAMESPACES,
  objectKey,
  SERVICES,
} from './resources.js';
export type { KubernetesObject, ObjectMeta, OwnerReference, ResourceSelection, ResourceType } from './resources.js';
export { ResourceWatch } from './resource-watch.js';
export type { ResourceListener, ResourceWatchOptions, WatchedResources } from './resource-watch.js';
export type { Timing } from './timing.js';
