import { KubernetesClient, LeaderElection, type Lease } from '@tigateway/kubernetes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterAccess } from './cluster-access.js';
import { TcpProxy } from './tcp-proxy.js';

const cluster = ClusterAccess.shared();
const TIMES = { durationMs: 3_000, renewIntervalMs: 600, retryIntervalMs: 200 };

/** A replica with a connection of its own. */
class Candidate {
  readonly said: boolean[] = [];
  readonly problems: string[] = [];
  readonly election: LeaderElection;
  /** How long the process stood still, in milliseconds. */
  stoodStillMs = 0;

  private constructor(
    identity: string,
    readonly client: KubernetesClient,
    readonly proxy: TcpProxy,
  ) {
    this.election = new LeaderElection(client, {
      name: 'lease',
      identity,
      ...TIMES,
      onProblem: ({ message }) => void this.problems.push(message),
      timing: {
        now: () => Date.now(),
        monotonicMs: () => performance.now() + this.stoodStillMs,
        schedule: (delayMs, task) => {
          const timer = setTimeout(task, delayMs);
          return { cancel: () => clearTimeout(timer) };
        },
      },
    });
    this.election.onChange((isLeader) => this.said.push(isLeader));
  }

  static async named(identity: string): Promise<Candidate> {
    const proxy = await TcpProxy.before(cluster.url);
    const kubeconfig = cluster.kubeconfigFor({ token: cluster.facts.adminToken }, namespace, proxy.url);
    const client = await KubernetesClient.open({ kubeconfig });
    const candidate = new Candidate(identity, client, proxy);
    candidates.push(candidate);
    return candidate;
  }

  get isLeader(): boolean {
    return this.election.isLeader;
  }

  async close(): Promise<void> {
    await this.election.stop();
    await this.client.close();
    await this.proxy.close();
  }
}

let namespace: string;
let candidates: Candidate[];
/** How many led at once, at worst. */
let most: number;
let looking: NodeJS.Timeout;

beforeEach(async () => {
  namespace = await cluster.namespace();
  candidates = [];
  most = 0;
  looking = setInterval(() => (most = Math.max(most, leaders().length)), 5);
});

afterEach(async () => {
  clearInterval(looking);
  for (const candidate of candidates) await candidate.close();
});

const leaders = (): Candidate[] => candidates.filter(({ isLeader }) => isLeader);
const onlyLeader = async (not?: Candidate): Promise<Candidate> => {
  await expect.poll(() => leaders().filter((each) => each !== not).length).toBe(1);
  return leaders()[0]!;
};
const lease = () => cluster.must<Lease>('GET', `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/lease`);

describe('an election', () => {
  it('is won by whoever is there, who holds the Lease and renews it', async () => {
    const one = await Candidate.named('one');
    one.election.start();
    await onlyLeader();
    const first = await lease();
    expect(first.spec).toMatchObject({ leaseDurationSeconds: 3, leaseTransitions: 0 });
    expect(first.spec?.holderIdentity).toMatch(/^one_/);
    expect(one.election.holder).toBe('one');
    await expect.poll(async () => (await lease()).spec?.renewTime).not.toBe(first.spec?.renewTime);
    expect(one.said).toEqual([true]);
  });

  it('has one winner among three, and another at once when that one stops', async () => {
    for (const name of ['a', 'b', 'c']) (await Candidate.named(name)).election.start();
    const first = await onlyLeader();
    await expect.poll(() => new Set(candidates.map(({ election }) => election.holder)).size).toBe(1);
    const startedMs = performance.now();
    await first.election.stop();
    const second = await onlyLeader(first);
    // Given back, it need not run out.
    expect(performance.now() - startedMs).toBeLessThan(TIMES.durationMs - 500);
    expect(first.said).toEqual([true, false]);
    expect((await lease()).spec).toMatchObject({ leaseTransitions: 1 });
    expect(second.said).toEqual([true]);
    expect(most).toBe(1);
  });

  it('has another winner when the first is cut off, who knows by himself that he leads no more', async () => {
    for (const name of ['a', 'b']) (await Candidate.named(name)).election.start();
    const first = await onlyLeader();
    first.proxy.cutOff();
    await expect.poll(() => first.isLeader).toBe(false);
    expect(leaders()).toEqual([]);
    const second = await onlyLeader(first);
    expect(second).not.toBe(first);
    first.proxy.restore();
    await expect.poll(() => first.election.holder).toBe(second.election.holder);
    expect(first.said).toEqual([true, false]);
    expect(most).toBe(1);
  });

  it('keeps its winner over an absence that is shorter than the Lease', async () => {
    for (const name of ['a', 'b']) (await Candidate.named(name)).election.start();
    const first = await onlyLeader();
    for (const { proxy } of candidates) proxy.refuse();
    await expect.poll(() => candidates.map(({ problems }) => problems.length)).toEqual([1, 1]);
    for (const { proxy } of candidates) proxy.restore();
    const { spec } = await lease();
    await expect.poll(async () => (await lease()).spec?.renewTime).not.toBe(spec?.renewTime);
    expect(first.said).toEqual([true]);
    expect(most).toBe(1);
  });

  it('does not keep a process from stopping whose server does not answer', async () => {
    const one = await Candidate.named('one');
    one.election.start();
    await onlyLeader();
    one.proxy.cutOff();
    await expect.poll(() => one.problems).toHaveLength(1);
    const startedMs = performance.now();
    await one.election.stop();
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(one.isLeader).toBe(false);
  });

  it('is lost by a process that stood still for too long, before it does anything else', async () => {
    const one = await Candidate.named('one');
    one.election.start();
    await onlyLeader();
    one.stoodStillMs = TIMES.durationMs;
    expect(one.isLeader).toBe(false);
    await onlyLeader();
  });

  it('is not won by a second process of the same name', async () => {
    for (let index = 0; index < 2; index++) (await Candidate.named('same')).election.start();
    const first = await onlyLeader();
    const { spec } = await lease();
    await expect.poll(async () => (await lease()).spec?.renewTime).not.toBe(spec?.renewTime);
    expect(leaders()).toEqual([first]);
    expect(most).toBe(1);
  });
});
