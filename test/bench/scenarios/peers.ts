import { peersWith } from '../peers/catalogue.js';
import type { Peer } from '../peers/peer.js';
import { startUpstream } from '../processes/upstream.js';
import { atRate, MOST_PER_SECOND } from '../processes/vegeta.js';
import { capacity, saturate } from '../processes/wrk.js';
import { type Aim, atLeast, middle, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const CONNECTIONS = 64;
const SECONDS = 2;
const WARM_UP_SECONDS = 3;
const LARGE_BODY_BYTES = 10 * 1024 * 1024;
const MEDIUM_BODY_BYTES = 100 * 1024;
const NATIVE = 'tigateway, native';
const NODE = 'tigateway, node';

/** One process at a time on the core: they take turns, and all see the machine as it is in that round. */
export const peers: Scenario = {
  name: 'peers',
  title: `one route, two filters, forwarded headers, ${CONNECTIONS} connections: this gateway (1,000 routes) and others`,
  needs: ['wrk', 'vegeta', 'nginx'],
  async run({ rounds }) {
    const { present, notes } = peersWith();
    const upstream = await startUpstream([MEDIUM_BODY_BYTES, LARGE_BODY_BYTES]);
    const failed: string[] = [];
    const samples = new Map(present.map((peer) => [peer.name, [] as Sample[]]));
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const peer of present) {
          try {
            samples.get(peer.name)?.push(await measure(peer, upstream.url));
          } catch (error) {
            // The others are worth their time all the same.
            failed.push(`round ${round + 1} without ${peer.name}: ${(error as Error).message}`);
          }
        }
      }
    } finally {
      await upstream.stop();
    }
    const rows = [...samples].map(([name, taken]): Row => ({ name, values: FIGURES.map((of) => taken.map(of)) }));
    const load = `Half load is half of what the 64 connections carried, and at most ${MOST_PER_SECOND.toLocaleString('en')} requests a second, sent at a constant rate by vegeta; latency counts from when a request was due.`;
    return { columns: COLUMNS, rows, aims: aimsOf(rows), notes: [load, ...notes, ...failed] };
  },
};

interface Sample {
  readonly smallPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mediumBytesPerCpuSecond: number;
  readonly largeBytesPerCpuSecond: number;
}

const FIGURES: readonly ((sample: Sample) => number)[] = [
  ({ smallPerCpuSecond }) => smallPerCpuSecond,
  ({ p50Ms }) => p50Ms,
  ({ p99Ms }) => p99Ms,
  ({ mediumBytesPerCpuSecond }) => mediumBytesPerCpuSecond / 1e6,
  ({ largeBytesPerCpuSecond }) => largeBytesPerCpuSecond / 1e6,
];

const COLUMNS = [
  { title: 'requests per CPU-second', isCompared: true },
  { title: 'p50 at half load', unit: 'ms' },
  { title: 'p99 at half load', unit: 'ms' },
  { title: '100 KB bodies', unit: 'MB per CPU-second', isCompared: true },
  { title: '10 MB bodies', unit: 'MB per CPU-second', isCompared: true },
];

async function measure(peer: Peer, upstream: string): Promise<Sample> {
  const { pid, url, stop } = await peer.start(upstream);
  try {
    const of = (path: string, connections: number) => capacity(pid, { url: url + path, connections, seconds: SECONDS });
    await saturate({ url: `${url}/item`, connections: CONNECTIONS, seconds: peer.warmUpSeconds ?? WARM_UP_SECONDS });
    const small = await of('/item', CONNECTIONS);
    const rate = Math.min(Math.round(small.perSecond / 2), MOST_PER_SECOND);
    const timed = await atRate({ url: `${url}/item`, connections: CONNECTIONS, seconds: SECONDS, rate });
    if (timed.failures > 0) throw new Error(`${timed.failures} of ${timed.requests} requests to ${peer.name} failed`);
    // A server that answers by itself has no bodies to pass on.
    const isProxy = !peer.lacks?.includes('proxy');
    const medium = isProxy ? (await of(`/${MEDIUM_BODY_BYTES}`, 16)).perCpuSecond : Number.NaN;
    const large = isProxy ? (await of(`/${LARGE_BODY_BYTES}`, 4)).perCpuSecond : Number.NaN;
    return {
      smallPerCpuSecond: small.perCpuSecond,
      p50Ms: percentile(timed.latenciesMs, 0.5),
      p99Ms: percentile(timed.latenciesMs, 0.99),
      mediumBytesPerCpuSecond: medium * MEDIUM_BODY_BYTES,
      largeBytesPerCpuSecond: large * LARGE_BODY_BYTES,
    };
  } finally {
    await stop();
  }
}

function aimsOf(rows: readonly Row[]): Aim[] {
  const of = (name: string, column: number): number | undefined =>
    middle(rows.find((row) => row.name === name)?.values[column]);
  const ratio = (ours: string, other: string, column = 0): number | undefined => {
    const [mine, theirs] = [of(ours, column), of(other, column)];
    return mine === undefined || theirs === undefined ? undefined : mine / theirs;
  };
  return [
    ...atLeast('native ≥ 4.5 × http-proxy', 4.5, ratio(NATIVE, 'http-proxy')),
    ...atLeast('native ≥ 4.5 × http-proxy as it comes', 4.5, ratio(NATIVE, 'http-proxy, as it comes')),
    ...atLeast('native ≥ 2.5 × caddy', 2.5, ratio(NATIVE, 'caddy')),
    ...atLeast('native ≥ 1 × a node:http hello', 1, ratio(NATIVE, 'node:http hello')),
    ...atLeast('native ≥ 0.4 × haproxy', 0.4, ratio(NATIVE, 'haproxy')),
    ...atLeast('native ≥ 0.8 × haproxy for 10 MB bodies', 0.8, ratio(NATIVE, 'haproxy', 4)),
    ...atLeast('p99 at half load: caddy ≥ 1 × native', 1, ratio('caddy', NATIVE, 2)),
    ...atLeast('node ≥ 2 × http-proxy', 2, ratio(NODE, 'http-proxy')),
    ...atLeast('node ≥ 2 × http-proxy as it comes', 2, ratio(NODE, 'http-proxy, as it comes')),
    ...atLeast('node ≥ 1.1 × caddy', 1.1, ratio(NODE, 'caddy')),
    ...atLeast('node ≥ 1 × Spring Cloud Gateway', 1, ratio(NODE, 'Spring Cloud Gateway')),
  ];
}
