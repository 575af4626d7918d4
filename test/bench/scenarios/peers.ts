import { PEERS } from '../peers/catalogue.js';
import type { Peer, Subject } from '../peers/peer.js';
import { load } from '../processes/load.js';
import { cpuSeconds } from '../processes/process-usage.js';
import { startSizedUpstream } from '../processes/sized-upstream.js';
import { saturate } from '../processes/wrk.js';
import { type Aim, atLeast, type Row, type Scenario } from '../scenario.js';
import { median } from '../statistics.js';

const CONNECTIONS = 64;
const SECONDS = 4;
const WARM_UP_SECONDS = 5;
const LARGE_BODY_BYTES = 10 * 1024 * 1024;
const MEDIUM_BODY_BYTES = 100 * 1024;
const NATIVE = 'tigateway, native';
const NODE = 'tigateway, node';

/** One process at a time on the core: they take turns, and all see the machine as it is in that round. */
export const peers: Scenario = {
  name: 'peers',
  title: `one route, two filters, forwarded headers, ${CONNECTIONS} connections: this gateway (1,000 routes) and others`,
  async run({ rounds }) {
    const present = PEERS.filter((peer) => peer.missing() === undefined);
    const absent = PEERS.flatMap((peer) =>
      peer.missing() ? [`left out: ${peer.name}, for want of ${peer.missing()}`] : [],
    );
    const upstream = await startSizedUpstream([MEDIUM_BODY_BYTES, LARGE_BODY_BYTES]);
    const samples = new Map(present.map((peer) => [peer.name, [] as Sample[]]));
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const peer of present) samples.get(peer.name)?.push(await measure(peer, upstream.url));
      }
    } finally {
      await upstream.stop();
    }
    const rows = [...samples].map(([name, taken]): Row => ({ name, values: FIGURES.map((of) => figure(taken, of)) }));
    return { columns: COLUMNS, rows, aims: aimsOf(rows), notes: absent };
  },
};

interface Sample {
  readonly smallPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mediumBytesPerCpuSecond: number;
  readonly largeBytesPerCpuSecond: number;
}

const FIGURES = [
  'smallPerCpuSecond',
  'p50Ms',
  'p99Ms',
  'mediumBytesPerCpuSecond',
  'largeBytesPerCpuSecond',
] as const satisfies readonly (keyof Sample)[];

const COLUMNS = [
  { title: 'requests per CPU-second', isCompared: true },
  { title: 'p50 at half load', unit: 'ms' },
  { title: 'p99 at half load', unit: 'ms' },
  { title: '100 KB bodies', unit: 'MB per CPU-second', isCompared: true },
  { title: '10 MB bodies', unit: 'MB per CPU-second', isCompared: true },
];

function figure(taken: readonly Sample[], of: keyof Sample): number {
  const value = median(taken.map((sample) => sample[of]));
  return of.endsWith('BytesPerCpuSecond') ? value / 1e6 : value;
}

async function measure(peer: Peer, upstream: string): Promise<Sample> {
  const subject = await peer.start(upstream);
  try {
    const url = `${subject.url}/item`;
    await saturate({ url, connections: CONNECTIONS, seconds: peer.warmUpSeconds ?? WARM_UP_SECONDS });
    const small = await perCpuSecond(subject, '/item', CONNECTIONS);
    const rate = Math.round(small.perSecond / 2);
    const timed = await load({ url, connections: CONNECTIONS, seconds: SECONDS, rate });
    // A server that answers by itself has no bodies to pass on.
    const isProxy = peer.name !== 'node:http hello';
    const medium = isProxy ? await perCpuSecond(subject, `/${MEDIUM_BODY_BYTES}`, 16) : undefined;
    const large = isProxy ? await perCpuSecond(subject, `/${LARGE_BODY_BYTES}`, 4) : undefined;
    return {
      smallPerCpuSecond: small.perCpuSecond,
      p50Ms: timed.p50Ms as number,
      p99Ms: timed.p99Ms as number,
      mediumBytesPerCpuSecond: (medium?.perCpuSecond ?? Number.NaN) * MEDIUM_BODY_BYTES,
      largeBytesPerCpuSecond: (large?.perCpuSecond ?? Number.NaN) * LARGE_BODY_BYTES,
    };
  } finally {
    await subject.stop();
  }
}

async function perCpuSecond(
  { pid, url }: Subject,
  path: string,
  connections: number,
): Promise<{ readonly perCpuSecond: number; readonly perSecond: number }> {
  const before = cpuSeconds(pid);
  const { requests, failures } = await saturate({ url: url + path, connections, seconds: SECONDS });
  if (failures > 0) throw new Error(`${failures} of ${requests} requests to ${url}${path} failed`);
  return { perCpuSecond: requests / (cpuSeconds(pid) - before), perSecond: requests / SECONDS };
}

function aimsOf(rows: readonly Row[]): Aim[] {
  const of = (name: string, column: number): number | undefined =>
    rows.find((row) => row.name === name)?.values[column];
  const ratio = (ours: string, other: string, column = 0): number | undefined => {
    const [mine, theirs] = [of(ours, column), of(other, column)];
    return mine === undefined || theirs === undefined ? undefined : mine / theirs;
  };
  return [
    ...atLeast('native ≥ 4.5 × http-proxy', 4.5, ratio(NATIVE, 'http-proxy')),
    ...atLeast('native ≥ 2.5 × caddy', 2.5, ratio(NATIVE, 'caddy')),
    ...atLeast('native ≥ 1 × a node:http hello', 1, ratio(NATIVE, 'node:http hello')),
    ...atLeast('native ≥ 0.4 × haproxy', 0.4, ratio(NATIVE, 'haproxy')),
    ...atLeast('native ≥ 0.8 × haproxy for 10 MB bodies', 0.8, ratio(NATIVE, 'haproxy', 4)),
    ...atLeast('p99 at half load: caddy ≥ 1 × native', 1, ratio('caddy', NATIVE, 2)),
    ...atLeast('node ≥ 2 × http-proxy', 2, ratio(NODE, 'http-proxy')),
    ...atLeast('node ≥ 1.1 × caddy', 1.1, ratio(NODE, 'caddy')),
    ...atLeast('node ≥ 1 × Spring Cloud Gateway', 1, ratio(NODE, 'Spring Cloud Gateway')),
  ];
}
