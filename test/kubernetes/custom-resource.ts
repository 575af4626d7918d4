import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClusterAccess } from './cluster-access.js';

const CRDS = fileURLToPath(new URL('../../charts/tigateway/crds', import.meta.url));
const KINDS = ['TiGatewayRoute', 'TiGatewayFilter', 'TiGatewayConfig'] as const;

export type Kind = (typeof KINDS)[number];

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

export interface CustomResource {
  readonly metadata: { readonly generation: number; readonly resourceVersion: string };
  readonly spec: Record<string, unknown>;
  readonly status?: { readonly conditions: readonly Condition[] };
}

/** Settles when the API server serves them. */
export async function installCustomResources(cluster: ClusterAccess): Promise<void> {
  for (const file of readdirSync(CRDS)) await cluster.kubectl(['apply', '--server-side', '-f', `${CRDS}/${file}`]);
  for (const kind of KINDS) {
    await cluster.kubectl(['wait', '--for=condition=Established', `crd/${kind.toLowerCase()}s.tigateway.cn`]);
  }
}

export function resourcePath(namespace: string, kind: Kind, name?: string): string {
  const path = `/apis/tigateway.cn/v1/namespaces/${namespace}/${kind.toLowerCase()}s`;
  return name === undefined ? path : `${path}/${name}`;
}

export async function createResource(
  cluster: ClusterAccess,
  namespace: string,
  kind: Kind,
  name: string,
  spec: object,
): Promise<void> {
  const object = { apiVersion: 'tigateway.cn/v1', kind, metadata: { name }, spec };
  await cluster.must('POST', resourcePath(namespace, kind), object);
}

/** What is said of the resource as it is now; `undefined` where the last word was of another generation. */
export function conditionOf({ metadata, status }: CustomResource, type: string): Condition | undefined {
  const found = status?.conditions.find((each) => each.type === type);
  return found?.observedGeneration === metadata.generation ? found : undefined;
}
