import { peersWith } from '../peers/catalogue.js';
import type { Peer } from '../peers/peer.js';
import { startEcho } from '../processes/echo.js';
import { cpuSeconds } from '../processes/process-usage.js';
import { echoed } from '../processes/websocket-load.js';
import type { Scenario } from '../scenario.js';

const CONNECTIONS = 64;
const SIZES = [
  { title: '64 B', bytes: 64 },
  { title: '16 KB', bytes: 16 * 1024 },
] as const;
const SECONDS = 2;
const WARM_UP_SECONDS = 2;

/** There and back through the proxy: each message counts once and is passed on twice. */
export const websocketMessages: Scenario = {
  name: 'websocket-messages',
  title: `WebSocket messages said back by an upstream, ${CONNECTIONS} connections, one message under way on each`,
  async run({ rounds }) {
    const { present, notes } = peersWith('proxy', 'websocket');
    const upstream = await startEcho();
    const samples = new Map(present.map(({ name }) => [name, SIZES.map(() => [] as number[])]));
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const peer of present) {
          const measured = await measure(peer, upstream.url);
          for (const [at, value] of measured.entries()) samples.get(peer.name)?.[at]?.push(value);
        }
      }
    } finally {
      await upstream.stop();
    }
    return {
      columns: SIZES.map(({ title }) => ({ title, unit: 'messages per CPU-second', isCompared: true })),
      rows: [...samples].map(([name, values]) => ({ name, values })),
      aims: [],
      notes,
    };
  },
};

async function measure(peer: Peer, upstream: string): Promise<readonly number[]> {
  const { pid, url, stop } = await peer.start(upstream);
  try {
    const load = { url: `${url.replace('http:', 'ws:')}/item`, connections: CONNECTIONS };
    const perCpuSecond: number[] = [];
    await echoed({ ...load, bytes: 64, seconds: (peer.warmUpSeconds ?? 2 * WARM_UP_SECONDS) / 2 });
    for (const { bytes } of SIZES) {
      const before = cpuSeconds(pid);
      const messages = await echoed({ ...load, bytes, seconds: SECONDS });
      perCpuSecond.push(messages / (cpuSeconds(pid) - before));
    }
    return perCpuSecond;
  } finally {
    await stop();
  }
}
