import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peersWith } from '../peers/catalogue.js';
import type { Peer } from '../peers/peer.js';
import { type Certificate, makeCertificate } from '../processes/certificate.js';
import { cpuSeconds } from '../processes/process-usage.js';
import { startUpstream } from '../processes/upstream.js';
import { atRate } from '../processes/vegeta.js';
import { capacity, saturate } from '../processes/wrk.js';
import type { Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const NEW_PER_SECOND = 1_000;
/** A full handshake costs a core most of a millisecond in some of them: as many as all can do. */
const HANDSHAKES_PER_SECOND = 200;
const CONNECTIONS = 64;
const SECONDS = 2;
const WARM_UP_SECONDS = 2;

/** What a connection costs, where it does not live long enough to be forgotten, and what TLS does. */
export const connections: Scenario = {
  name: 'connections',
  title: `${NEW_PER_SECOND} new connections a second, one request each; the same with TLS, ${HANDSHAKES_PER_SECOND} a second; TLS on ${CONNECTIONS} kept connections`,
  needs: ['wrk', 'vegeta', 'nginx', 'openssl'],
  async run({ rounds }) {
    const { present, notes } = peersWith('proxy', 'tls');
    const folder = mkdtempSync(join(tmpdir(), 'bench-certificate-'));
    const certificate = makeCertificate(folder);
    const upstream = await startUpstream();
    const samples = new Map(present.map(({ name }) => [name, COLUMNS.map(() => [] as number[])]));
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const peer of present) {
          const clear = await measureClear(peer, upstream.url);
          const secured = await measureSecured(peer, upstream.url, certificate);
          for (const [at, value] of [...clear, ...secured].entries()) samples.get(peer.name)?.[at]?.push(value);
        }
      }
    } finally {
      await upstream.stop();
      rmSync(folder, { recursive: true });
    }
    return {
      columns: COLUMNS,
      rows: [...samples].map(([name, values]) => ({ name, values })),
      aims: [],
      notes: ['Handshakes are full ones: no session is resumed.', ...notes],
    };
  },
};

const COLUMNS = [
  { title: 'CPU for 1,000 connections', unit: 's', isCompared: true },
  { title: 'p50', unit: 'ms' },
  { title: 'p99', unit: 'ms', isCompared: true },
  { title: 'CPU for 1,000 handshakes', unit: 's', isCompared: true },
  { title: 'TLS p50', unit: 'ms' },
  { title: 'TLS p99', unit: 'ms', isCompared: true },
  { title: 'TLS requests per CPU-second', isCompared: true },
];

async function measureClear(peer: Peer, upstream: string): Promise<readonly number[]> {
  const { pid, url, stop } = await peer.start(upstream);
  try {
    await warmUp(peer, `${url}/item`);
    return await newConnections(pid, `${url}/item`, NEW_PER_SECOND);
  } finally {
    await stop();
  }
}

async function measureSecured(peer: Peer, upstream: string, certificate: Certificate): Promise<readonly number[]> {
  const { pid, url, stop } = await peer.start(upstream, certificate);
  try {
    await warmUp(peer, `${url}/item`);
    const handshakes = await newConnections(pid, `${url}/item`, HANDSHAKES_PER_SECOND);
    const kept = await capacity(pid, { url: `${url}/item`, connections: CONNECTIONS, seconds: SECONDS });
    return [...handshakes, kept.perCpuSecond];
  } finally {
    await stop();
  }
}

async function warmUp({ warmUpSeconds }: Peer, url: string): Promise<void> {
  const seconds = warmUpSeconds ?? WARM_UP_SECONDS;
  await saturate({ url, connections: CONNECTIONS, seconds });
  await atRate({ url, rate: HANDSHAKES_PER_SECOND, seconds: Math.ceil(seconds / 3) });
}

async function newConnections(pid: number, url: string, rate: number): Promise<readonly number[]> {
  const before = cpuSeconds(pid);
  const { requests, failures, latenciesMs } = await atRate({ url, rate, seconds: SECONDS });
  if (failures > 0) throw new Error(`${failures} of ${requests} new connections to ${url} failed`);
  const used = cpuSeconds(pid) - before;
  return [(used * 1_000) / requests, percentile(latenciesMs, 0.5), percentile(latenciesMs, 0.99)];
}
