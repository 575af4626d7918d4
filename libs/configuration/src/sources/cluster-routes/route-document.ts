import type { KubernetesObject } from '@tigateway/kubernetes';
import type { Json, ParsedObject, Problem } from '@tigateway/model';
import type { ResourceDocument } from '../kubernetes/resource-source.js';

/** What an object of the cluster was translated to. */
export interface Translated {
  readonly objects: readonly ParsedObject[];
  readonly problems: readonly Problem[];
}

/** Documents in the order in which the cluster's objects came to be, which decides between equal routes. */
export function documentName({ metadata: { namespace = '', name, creationTimestamp = '' } }: KubernetesObject): string {
  return `${creationTimestamp} ${namespace}/${name}`.trimStart();
}

/** Refused as a whole where anything in it is wrong. */
export function documentOf(name: string, { objects, problems }: Translated): ResourceDocument {
  const content: Json = [
    objects.map(({ configuration }) => configuration),
    problems.map(({ pointer, message }) => [pointer, message]),
  ];
  return { document: { kind: 'objects', name, objects, problems }, content };
}
