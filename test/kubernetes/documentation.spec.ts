import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayProcess } from '../e2e/gateway-process.js';
import { Upstream } from '../e2e/upstream.js';
import { Cluster } from './cluster.js';
import { gatewayApiCrds, installGatewayApi } from './gateway-api-crds.js';
import { releasedGateway } from './released-gateway.js';
import { machineAddress } from './served-service.js';

const ROOT = resolve(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');

interface Example {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

interface Status {
  readonly sources: readonly { readonly name: string; readonly state: string; readonly rejected: readonly unknown[] }[];
}

function blocks(language: string): string[] {
  return [...TEXT.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block = '']) => block,
  );
}

const examples = blocks('yaml').map((yaml) => ({ yaml, object: parse(yaml) as Example }));

const crds = gatewayApiCrds();

/** A cluster of its own: the documentation says which namespaces there are. */
let cluster: Cluster;
let gateway: GatewayProcess;
let token: string;
let upstream: Upstream | undefined;

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
    if (crds !== undefined) await installGatewayApi(cluster, crds);
    await run('kubectl create namespace shop');
  });

  afterAll(async () => {
    await gateway?.dispose();
    await upstream?.stop();
    await cluster.stop();
  });

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

  it('runs as the release has it', start);

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
      .filter(({ object }) => crds !== undefined || !object.apiVersion.startsWith('gateway.networking.k8s.io/'))
      .map(({ yaml, object }) => ({ yaml, name: `${object.kind} ${object.metadata.name}` })),
  )('has an example of $name, of which the API server knows every field', async ({ yaml }) => {
    const applied = await cluster.kubectl(['apply', '--validate=strict', '--filename', '-'], yaml);
    expect(applied).toMatch(/ created$/m);
  });

  it('waits, by the command that it gives, until traffic meets the example', async () => {
    const said = await run(commands('kubectl wait tigatewayroute'));
    expect(said).toContain('tigatewayroute.tigateway.cn/user-service condition met');
    expect(said).toMatch(/"type":"Accepted"/);
  });

  it.each([
    ...['routes/user-service', 'filters/gateway-header', 'global/cors'],
    ...['routes/order-service', 'global/update-policy', 'global/notification'],
  ])('has an example that the gateway serves as %s', async (path) => {
    await expect.poll(async () => (await call(`/api/configuration/${path}`)).status).toBe(200);
  });

  it('has no example that the gateway refuses', async () => {
    const { sources } = (await (await call('/actuator/configuration/status')).json()) as Status;
    for (const name of ['api', 'crd', 'configmap']) {
      expect(sources.find((source) => source.name === name)).toMatchObject({ state: 'up', rejected: [] });
    }
  });

  it('finds the pods of the example Service, and sends them what its routes say', async () => {
    const address = machineAddress();
    upstream = await Upstream.started(({ url }, response) => response.end(`users ${url}`), address);
    await cluster.must('POST', '/apis/discovery.k8s.io/v1/namespaces/tigateway/endpointslices', {
      metadata: { name: 'user-service-1', labels: { 'kubernetes.io/service-name': 'user-service' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'http', port: upstream.port }],
    });
    // Not by requests: where there is no instance yet they fail, and enough failures take the route back.
    const health = async () => (await call('/actuator/health')).text();
    await expect.poll(health).toContain(`${address}:${upstream.port}`);
    const response = await fetch(`${gateway.url}/api/users/7`);
    expect([response.status, await response.text()]).toEqual([200, 'users /7']);
    expect(response.headers.get('x-gateway')).toBe('TiGateway');
  });

  it('operates the gateway by the commands that it gives', async () => {
    const [forward = '', getToken = ''] = commands('kubectl port-forward').split('\n');
    expect(forward).toContain('service/tigateway-management 8090:8090');
    const here = (text: string) => text.replaceAll('http://localhost:8090', gateway.adminUrl);
    const said = await run(`${getToken}\n${here(commands('actuator/configuration/status'))}`);
    expect(said).toContain('"revision"');
    expect(said).toContain('"user-service"');

    const [list = '', one = ''] = commands('component=config-history').split('\n');
    await expect.poll(() => run(list)).toContain('tigateway-config-history-route-user-service');
    const history = parse(await run(one)) as { data: Record<string, string> };
    const { latestVersion } = JSON.parse(history.data['metadata']!) as { latestVersion: string };
    expect(JSON.parse(history.data[latestVersion]!)).toMatchObject({ configId: 'user-service', source: 'crd' });

    const rollback = here(commands('configuration/rollback')).replace('v1234567890', latestVersion);
    expect(await run(`${getToken}\n${rollback}`)).toContain(latestVersion);
    expect(await run(commands('kubectl get lease').split('\n')[0]!)).toMatch(/^tigateway-tigateway +pod-1/m);
  });

  it('serves the example Ingress once it is told to', async () => {
    await gateway.stop();
    await gateway.dispose();
    expect(await run(commands('ingress.enabled=true'))).toContain('STATUS: deployed');
    await start();
    const routes = async () => (await call('/api/configuration/routes')).text();
    await expect.poll(routes, { timeout: 60_000 }).toContain('shop.example.com');
    const { body } = await request(`${gateway.url}/basket`, { headers: { host: 'shop.example.com' } });
    expect(await body.text()).toBe('users /basket');
  });

  it.skipIf(crds === undefined)('serves the example HTTPRoute once it is told to', async () => {
    await gateway.stop();
    await gateway.dispose();
    expect(await run(commands('gateway-api.enabled=true'))).toContain('STATUS: deployed');
    await start();
    const said = await run(commands('kubectl wait gateway/edge'));
    expect(said).toContain('gateway.gateway.networking.k8s.io/edge condition met');
    const routes = async () => (await call('/api/configuration/routes')).text();
    await expect.poll(routes, { timeout: 60_000 }).toContain('users.example.com');
    const headers = { host: 'users.example.com', 'x-canary': 'yes' };
    const { body } = await request(`${gateway.url}/v2/7`, { headers });
    expect(await body.text()).toBe('users /v2/7');
  });

  describe('when the API server is down', () => {
    let newcomer: GatewayProcess;

    beforeAll(async () => {
      ({ gateway: newcomer } = await releasedGateway(cluster, { namespace: 'tigateway', identity: 'pod-2' }));
      const route = { id: 'direct', uri: upstream!.url, predicates: ['Path=/direct'] };
      expect((await put('direct', route)).status).toBe(200);
      await cluster.stopApiServer();
    });

    afterAll(async () => {
      await newcomer.dispose();
    });

    it('traffic goes on, and nothing is said to be dead', async () => {
      expect(await (await fetch(`${gateway.url}/api/users/8`)).text()).toBe('users /8');
      await expect.poll(states).toEqual(expect.arrayContaining(['crd down', 'configmap down']));
      for (const path of ['/actuator/health', '/actuator/health/readiness', '/actuator/health/liveness']) {
        expect((await call(path)).status).toBe(200);
      }
      expect(await (await call('/actuator/prometheus')).text()).toContain(
        'tigateway_configuration_source_up{source="crd"} 0',
      );
    });

    it('a write through the API is refused, and nothing has changed', async () => {
      const answer = await put('new', { id: 'new', uri: upstream!.url, predicates: ['Path=/new'] });
      expect(answer.status).toBe(503);
      expect((await call('/api/configuration/routes/new')).status).toBe(404);
    });

    it('a pod that restarts in place serves the last good state, without the endpoints of Services', async () => {
      await gateway.stop();
      await gateway.start();
      expect(await states()).toEqual(expect.arrayContaining(['crd stale', 'configmap stale']));
      expect(await (await fetch(`${gateway.url}/direct`)).text()).toBe('users /direct');
      expect((await fetch(`${gateway.url}/api/users/8`)).status).toBe(503);
    });

    it('a new pod is not ready before it could read the cluster', async () => {
      const started = newcomer.start();
      const readiness = () =>
        fetch(`${newcomer.adminUrl}/actuator/health/readiness`).then(
          ({ status }) => status,
          () => 0,
        );
      await expect.poll(readiness).toBe(503);
      await cluster.startApiServer();
      await started;
      expect(await (await fetch(`${newcomer.url}/api/users/9`)).text()).toBe('users /9');
    });

    it('goes on where it was when the API server is back', async () => {
      const down = async () => (await states()).filter((each) => !each.endsWith(' up'));
      await expect.poll(down, { timeout: 60_000 }).toEqual([]);
      // What Services lead to comes by watches of its own.
      const answer = async () => (await fetch(`${gateway.url}/api/users/9`)).text();
      await expect.poll(answer).toBe('users /9');
    });
  });

  it('upgrades by the commands that it gives', async () => {
    expect(await run(commands('kubectl apply --server-side'))).toContain('STATUS: deployed');
  });

  it('leaves nothing behind that it says is cleared away', async () => {
    await gateway.stop();
    await run(`helm uninstall tigateway --namespace tigateway\n${commands('kubectl delete')}`);
    const left = await run('kubectl get configmap,lease,role,deployment --namespace tigateway --output name');
    expect(left.split('\n').filter((name) => !name.includes('/orders'))).toEqual([
      'configmap/tigateway-config-notification',
      'configmap/tigateway-config-update-policy',
      '',
    ]);
  });
});

async function start(): Promise<void> {
  ({ gateway, token } = await releasedGateway(cluster, { namespace: 'tigateway' }));
  await gateway.start();
}

/** Of the sources: `<name> <state>`. */
async function states(): Promise<string[]> {
  const { sources } = (await (await call('/actuator/configuration/status')).json()) as Status;
  return sources.map(({ name, state }) => `${name} ${state}`);
}

function put(id: string, route: object): Promise<Response> {
  return call(`/api/configuration/routes/${id}`, { method: 'PUT', body: JSON.stringify(route) });
}

function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(`${gateway.adminUrl}${path}`, { ...init, headers });
}
