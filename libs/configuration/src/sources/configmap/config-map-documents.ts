import type { KubernetesObject } from '@tigateway/kubernetes';
import { formatOf, isDocumentName } from '../document-name.js';
import type { ResourceDocument } from '../kubernetes/resource-source.js';

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** They hold the operator's settings; whoever may write them may name variables of the process's environment. */
const OPERATOR_OWNED: ReadonlySet<string> = new Set([
  'tigateway-config-update-policy',
  'tigateway-config-notification',
]);

/**
 * The documents of a ConfigMap: its keys that are called like one. Whoever may write a route must not be able to read the
 * environment, so placeholders stay as they are in all that is not the operator's settings.
 */
export function configMapDocuments({ metadata, data = {} }: ConfigMap): ResourceDocument[] {
  const { namespace, name } = metadata;
  const placeholders = OPERATOR_OWNED.has(name) ? ('deferred' as const) : false;
  return Object.keys(data)
    .filter(isDocumentName)
    .map((key) => {
      const text = data[key] as string;
      const document = {
        kind: 'text',
        name: `configmap/${namespace}/${name}/${key}`,
        format: formatOf(key),
        text,
        placeholders,
      } as const;
      return { document, content: text };
    });
}
