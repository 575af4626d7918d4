import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { GatewayProcess } from '../e2e/gateway-process.js';
import type { Rendered } from './chart.js';
import type { ClusterAccess } from './cluster-access.js';

interface Bootstrap {
  readonly server: { readonly port: number };
  readonly management: { readonly port: number; readonly auth: object };
  readonly tigateway: Readonly<Record<string, object>>;
}

export interface Release {
  readonly name?: string;
  readonly namespace: string;
  /** Of the replica; a pod has its name. */
  readonly identity?: string;
}

/**
 * A process as a pod of an installed release runs it: on the bootstrap file that the chart has rendered, with the token of its
 * Secret and with the rights of its service account. Only what a pod has from its node differs: ports, the folder for data, where
 * the credentials lie. Not started yet.
 */
export async function releasedGateway(
  cluster: ClusterAccess,
  { name = 'tigateway', namespace, identity = 'pod-1' }: Release,
): Promise<{ gateway: GatewayProcess; token: string }> {
  const folder = `/api/v1/namespaces/${namespace}`;
  const { data } = await cluster.must<Rendered>('GET', `${folder}/configmaps/${name}-bootstrap`);
  const bootstrap = parse(data['tigateway.yml']!) as Bootstrap;
  const { port: _port, ...server } = bootstrap.server;
  const { port: _managementPort, ...management } = bootstrap.management;
  const { 'data-dir': _dataDir, ...tigateway } = bootstrap.tigateway;
  const secret = await cluster.must<Rendered>('GET', `${folder}/secrets/${name}-management-token`);
  const token = Buffer.from(secret.data['token']!, 'base64').toString();
  const tokenFile = join(cluster.facts.folder, `${namespace}-${name}-token`);
  writeFileSync(tokenFile, token);
  const kubeconfig = cluster.kubeconfigFor({ token: await cluster.tokenOf(namespace, name) }, namespace);
  const gateway = await GatewayProcess.prepare({
    server,
    management: { ...management, auth: { 'token-file': tokenFile } },
    tigateway: {
      ...tigateway,
      kubernetes: { ...tigateway['kubernetes'], kubeconfig, identity },
    },
  });
  return { gateway, token };
}
