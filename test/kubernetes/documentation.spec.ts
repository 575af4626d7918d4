import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.js';

const ROOT = resolve(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');

interface Example {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

function blocks(language: string): string[] {
  return [...TEXT.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block = '']) => block,
  );
}

const examples = blocks('yaml').map((yaml) => ({ yaml, object: parse(yaml) as Example }));

/** A cluster of its own: the documentation says which namespaces there are. */
let cluster: Cluster;

/** Runs commands of the documentation in the project's folder, with kubectl and helm as a user has them. */
async function run(commands: string): Promise<string> {
  const bin = join(cluster.facts.folder, 'bin');
  const PATH = `${bin}:${process.env['PATH'] ?? ''}`;
  const options = { cwd: ROOT, env: { ...process.env, PATH, KUBECONFIG: cluster.kubeconfig } };
  return (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], options)).stdout;
}

/** The one block of commands that has this in it. */
function commands(part: string): string {
  const found = blocks('sh').filter((block) => block.includes(part));
  if (found.length !== 1) throw new Error(`${found.length} blocks have "${part}"`);
  return found[0]!;
}

describe('docs/kubernetes.md', () => {
  beforeAll(async () => {
    cluster = await Cluster.start();
    const bin = join(cluster.facts.folder, 'bin');
    mkdirSync(bin);
    symlinkSync(cluster.facts.kubectl, join(bin, 'kubectl'));
    symlinkSync(cluster.facts.helm, join(bin, 'helm'));
  });

  afterAll(() => cluster.stop());

  it('installs the gateway by the commands that it gives', async () => {
    expect(await run(commands('helm install'))).toContain('STATUS: deployed');
    expect(await run('kubectl get deployment,service,serviceaccount --namespace tigateway --output name')).toBe(
      [
        'deployment.apps/tigateway',
        'service/tigateway',
        'service/tigateway-management',
        'serviceaccount/tigateway',
        '',
      ].join('\n'),
    );
  });

  it('has an example of every object that the gateway reads', () => {
    expect(examples.map(({ object }) => object.kind)).toEqual(
      expect.arrayContaining([
        ...['TiGatewayRoute', 'TiGatewayFilter', 'TiGatewayConfig', 'ConfigMap', 'Service'],
        ...['IngressClass', 'Ingress', 'GatewayClass', 'Gateway', 'HTTPRoute', 'ReferenceGrant'],
      ]),
    );
  });

  it.each(
    examples
      .filter(({ object }) => !object.apiVersion.startsWith('gateway.networking.k8s.io/'))
      .map(({ yaml, object }) => ({ yaml, name: `${object.kind} ${object.metadata.name}` })),
  )('has an example of $name, of which the API server knows every field', async ({ yaml }) => {
    const applied = await cluster.kubectl(['apply', '--validate=strict', '--filename', '-'], yaml);
    expect(applied).toMatch(/ created$/m);
  });

  it('upgrades by the commands that it gives', async () => {
    expect(await run(commands('helm upgrade'))).toContain('STATUS: deployed');
  });
});
