import { CONFIG_MAPS, type KubernetesClient } from '@tigateway/kubernetes';
import type { ConfigMap } from './journal-head.js';

/** Makes the ConfigMap what is given, whatever it was. @throws KubernetesError */
export async function putConfigMap(client: KubernetesClient, object: ConfigMap): Promise<void> {
  const { name, namespace } = object.metadata;
  const found = await client.get<ConfigMap>(CONFIG_MAPS, name, namespace);
  const { resourceVersion } = found?.metadata ?? {};
  if (resourceVersion === undefined) await client.create(CONFIG_MAPS, object);
  else await client.replace(CONFIG_MAPS, { ...object, metadata: { ...object.metadata, resourceVersion } });
}
