import type { ResourceWatch } from '@tigateway/kubernetes';
import type { Clock } from '@tigateway/model';
import { ResourceSource } from '../kubernetes/resource-source.js';
import { type ConfigMap, configMapDocuments } from './config-map-documents.js';

/** Documents that are keys of ConfigMaps. One that is no longer selected is gone, as a deleted one is. */
export class ConfigMapSource extends ResourceSource {
  constructor(watch: ResourceWatch<ConfigMap>, clock: Clock) {
    const called = `ConfigMaps in ${watch.namespace}`;
    super('configmap', [{ watch, called, documentsOf: configMapDocuments }], clock);
  }
}
