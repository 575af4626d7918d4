import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ClusterAccess } from './cluster-access.js';

const SETUP = fileURLToPath(new URL('../setup/gateway-api', import.meta.url));

/** Where the CRDs of the Gateway API are; `undefined` where they are not, which is an error where `REQUIRE_SERVERS` is set. */
export function gatewayApiCrds(): string | undefined {
  const { status, stdout, stderr } = spawnSync(SETUP, ['--installed'], { encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  if (process.env['REQUIRE_SERVERS']) throw new Error(stderr.trim());
  console.warn(`skipped: ${stderr.trim()}`);
  return undefined;
}

/** Settles when they can be used. */
export async function installGatewayApi(cluster: ClusterAccess, folder: string): Promise<void> {
  await cluster.kubectl(['apply', '--server-side', '-f', folder]);
  const names = ['gatewayclasses', 'gateways', 'httproutes', 'referencegrants'];
  await cluster.kubectl([
    'wait',
    '--for=condition=Established',
    ...names.map((name) => `crd/${name}.gateway.networking.k8s.io`),
  ]);
}
