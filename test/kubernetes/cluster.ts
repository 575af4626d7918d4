import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { testCertificate } from '../builders/test-certificate.js';
import { ClusterAccess, type ClusterFacts, kubeconfigOf } from './cluster-access.js';

/** Seen from the project's root, where tests and benches run. */
const SETUP = resolve('test/setup/kubernetes');

/** Who starts the servers may be killed, and then nobody is left to end them; where there is a kernel that does, it is asked to. */
const GUARD = spawnSync('setpriv', ['--version']).error ? [] : ['setpriv', '--pdeathsig', 'KILL', '--'];

/** How long a server may take until it answers, in milliseconds. */
const START_MS = 60_000;

interface Programs {
  readonly etcd: string;
  readonly 'kube-apiserver': string;
  readonly kubectl: string;
  readonly helm: string;
  readonly helm3: string;
}

/**
 * Why the tests cannot run here; `undefined` where they can. Where `REQUIRE_SERVERS` is set, as in the CI, a missing server is an
 * error.
 */
export function withoutCluster(): string | undefined {
  try {
    findPrograms();
    return undefined;
  } catch (error) {
    if (process.env['REQUIRE_SERVERS']) throw error;
    return (error as Error).message;
  }
}

/** @throws Error that says what is missing */
function findPrograms(): Programs {
  const { status, stdout, stderr } = spawnSync(SETUP, ['--installed'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr.trim().replaceAll('\n', '; '));
  const paths = new Map(stdout.split('\n').map((line) => line.split('=') as [string, string]));
  const pathOf = (name: string): string => paths.get(name) ?? name;
  return {
    etcd: pathOf('etcd'),
    'kube-apiserver': pathOf('kube-apiserver'),
    kubectl: pathOf('kubectl'),
    helm: pathOf('helm'),
    helm3: pathOf('helm3'),
  };
}

export interface ClusterOptions {
  /** Flags of kube-apiserver beside ours. */
  readonly apiServerFlags?: readonly string[];
}

/**
 * An own etcd and an own kube-apiserver, on ports that stay the same over restarts. RBAC holds; service accounts get tokens by
 * TokenRequest; who shows the test certificate `client` is the user `client.example`. There are no controllers: nobody fills
 * EndpointSlices, collects garbage or ends namespaces.
 */
export class Cluster extends ClusterAccess {
  private etcd: ChildProcess | undefined;
  private apiServer: ChildProcess | undefined;
  private readonly killAll = (): void => {
    this.apiServer?.kill('SIGKILL');
    this.etcd?.kill('SIGKILL');
  };

  private constructor(
    facts: ClusterFacts,
    private readonly programs: Programs,
    private readonly ports: { readonly apiServer: number; readonly etcd: number; readonly etcdPeer: number },
    private readonly options: ClusterOptions,
  ) {
    super(facts);
    process.once('exit', this.killAll);
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const found = findPrograms();
    const folder = mkdtempSync(join(tmpdir(), 'tigateway-cluster-'));
    const ports = { apiServer: await freePort(), etcd: await freePort(), etcdPeer: await freePort() };
    const url = `https://127.0.0.1:${ports.apiServer}`;
    // The API server signs its own certificate.
    const caFile = join(folder, 'certificates/apiserver.crt');
    const adminToken = randomBytes(16).toString('hex');
    writeFileSync(join(folder, 'tokens.csv'), `${adminToken},admin,admin,"system:masters"\n`);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, 'service-account.key'), privateKey.export({ type: 'sec1', format: 'pem' }));
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf(url, caFile, { token: adminToken }, 'default'));
    const { kubectl, helm, helm3 } = found;
    const facts = { url, caFile, adminToken, kubeconfig, folder, kubectl, helm, helm3 };
    const cluster = new Cluster(facts, found, ports, options);
    try {
      await cluster.startEtcd();
      await cluster.startApiServer();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Ends all and clears its folder away. */
  async stop(): Promise<void> {
    await this.close();
    await ended(this.apiServer, 'SIGKILL');
    await ended(this.etcd, 'SIGKILL');
    process.off('exit', this.killAll);
    rmSync(this.facts.folder, { recursive: true, force: true });
  }

  /** Settles when it is ready. */
  async startApiServer(): Promise<void> {
    this.apiServer = this.spawn('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${this.ports.etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${this.ports.apiServer}`,
      `--cert-dir=${this.path('certificates')}`,
      `--token-auth-file=${this.path('tokens.csv')}`,
      `--client-ca-file=${testCertificate('client').certificate}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${this.path('service-account.key')}`,
      `--service-account-signing-key-file=${this.path('service-account.key')}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      // It would set Endpoints of addresses that nobody can reach.
      '--endpoint-reconciler-type=none',
      // A test that compacts says when.
      '--etcd-compaction-interval=0',
      '--profiling=false',
      ...(this.options.apiServerFlags ?? []),
    ]);
    await this.until(
      'kube-apiserver',
      this.apiServer,
      async () => (await this.request('GET', '/readyz')).status === 200,
    );
  }

  /** `SIGTERM` as a node sends it that is shut down, `SIGKILL` as the kernel does; connections end either way. */
  async stopApiServer(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    await ended(this.apiServer, signal);
    this.apiServer = undefined;
  }

  async restartApiServer(): Promise<void> {
    await this.stopApiServer();
    await this.startApiServer();
  }

  /** It stands still: connections stay open, nothing is answered. */
  freezeApiServer(): void {
    this.apiServer?.kill('SIGSTOP');
  }

  thawApiServer(): void {
    this.apiServer?.kill('SIGCONT');
  }

  async startEtcd(): Promise<void> {
    const url = `http://127.0.0.1:${this.ports.etcd}`;
    const peerUrl = `http://127.0.0.1:${this.ports.etcdPeer}`;
    this.etcd = this.spawn('etcd', [
      `--data-dir=${this.path('etcd')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--logger=zap',
      '--log-level=warn',
    ]);
    await this.until('etcd', this.etcd, async () => (await this.askEtcd('kv/range', { key: 'YQ==' })).status === 200);
  }

  async stopEtcd(): Promise<void> {
    await ended(this.etcd, 'SIGTERM');
    this.etcd = undefined;
  }

  /** Everything before the present revision is forgotten: a watch from there is answered by 410 once it is not cached either. */
  async compactEtcd(): Promise<void> {
    const { header } = (await (await this.askEtcd('kv/range', { key: 'YQ==' })).body.json()) as {
      header: { revision: string };
    };
    const answer = await this.askEtcd('kv/compaction', { revision: header.revision, physical: true });
    if (answer.status !== 200) throw new Error(`compaction: ${answer.status} ${await answer.body.text()}`);
  }

  /** etcd is stopped for as long as it takes. @returns what `restoreEtcd` takes */
  async snapshotEtcd(): Promise<string> {
    await this.stopEtcd();
    const snapshot = this.path(`etcd-${randomBytes(4).toString('hex')}`);
    cpSync(this.path('etcd'), snapshot, { recursive: true });
    await this.startEtcd();
    return snapshot;
  }

  /** The cluster is again as it was, revisions too: what was written since never happened. The API server is restarted. */
  async restoreEtcd(snapshot: string): Promise<void> {
    await this.stopApiServer();
    await this.stopEtcd();
    rmSync(this.path('etcd'), { recursive: true });
    cpSync(snapshot, this.path('etcd'), { recursive: true });
    await this.startEtcd();
    await this.startApiServer();
  }

  private path(name: string): string {
    return join(this.facts.folder, name);
  }

  private spawn(name: 'etcd' | 'kube-apiserver', args: readonly string[]): ChildProcess {
    const log = openSync(this.path(`${name}.log`), 'a');
    const [command = '', ...rest] = [...GUARD, this.programs[name], ...args];
    const child = spawn(command, rest, { stdio: ['ignore', log, log] });
    closeSync(log);
    return child;
  }

  private async askEtcd(
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: Dispatcher.ResponseData['body'] }> {
    const url = `http://127.0.0.1:${this.ports.etcd}/v3/${path}`;
    const { statusCode, body: answer } = await request(url, { method: 'POST', body: JSON.stringify(body) });
    return { status: statusCode, body: answer };
  }

  private async until(name: string, child: ChildProcess, isReady: () => Promise<boolean>): Promise<void> {
    const startedMs = performance.now();
    while (!(await isReady().catch(() => false))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() - startedMs > START_MS) {
        const log = readFileSync(this.path(`${name}.log`), 'utf8');
        throw new Error(`${name} does not answer:\n${log.slice(-4_000)}`);
      }
      await delay(50);
    }
  }
}

async function ended(child: ChildProcess | undefined, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
