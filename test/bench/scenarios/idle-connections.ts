import { generatedPath, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { holdConnections } from '../processes/held-connections.js';
import { heapAfterCollection } from '../processes/inspected-heap.js';
import { residentBytes } from '../processes/process-usage.js';
import { startUpstream } from '../processes/upstream.js';
import { atMost, middle, type Scenario } from '../scenario.js';

const CONNECTIONS = 2_000;
const WARM_UP_CONNECTIONS = 500;
const LIMIT_BYTES = 4 * 1024;
const ENGINES = ['native', 'node'] as const;

/** What a client costs that has asked once and may ask again. */
export const idleConnections: Scenario = {
  name: 'idle-connections',
  title: `Memory of an idle kept connection (${CONNECTIONS} of them, after one proxied request each)`,
  needs: ['nginx'],
  async run({ rounds }) {
    const upstream = await startUpstream();
    const samples = ENGINES.map(() => [[], []] as [number[], number[]]);
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const [at, engine] of ENGINES.entries()) {
          const { heapBytes, rssBytes } = await measure(engine, upstream.url);
          samples[at]?.[0].push(heapBytes);
          samples[at]?.[1].push(rssBytes);
        }
      }
    } finally {
      await upstream.stop();
    }
    return {
      columns: [
        { title: 'heap a connection', unit: 'B', isCompared: true },
        { title: 'resident a connection', unit: 'B' },
      ],
      rows: ENGINES.map((engine, at) => ({ name: `tigateway, ${engine}`, values: samples[at] ?? [] })),
      aims: atMost(`native ≤ ${LIMIT_BYTES / 1024} KB of heap a connection`, LIMIT_BYTES, middle(samples[0]?.[0]), 'B'),
      notes: ['Heap after a full collection; resident memory with what the collector has not given back.'],
    };
  },
};

async function measure(engine: string, upstream: string): Promise<{ heapBytes: number; rssBytes: number }> {
  const gateway = await BenchGateway.prepare(generatedRoutes(100, upstream), { engine });
  try {
    await gateway.start(['--inspect=127.0.0.1:0']);
    const wanted = { origin: gateway.url, path: `${generatedPath(0)}/item` };
    // What the first connections load and compile is not theirs.
    await (await holdConnections({ ...wanted, connections: WARM_UP_CONNECTIONS })).stop();
    const heapBefore = await heapAfterCollection(gateway.inspectorUrl);
    const rssBefore = residentBytes(gateway.pid);
    const held = await holdConnections({ ...wanted, connections: CONNECTIONS });
    const heapBytes = (await heapAfterCollection(gateway.inspectorUrl)) - heapBefore;
    const rssBytes = residentBytes(gateway.pid) - rssBefore;
    await held.stop();
    return { heapBytes: heapBytes / CONNECTIONS, rssBytes: rssBytes / CONNECTIONS };
  } finally {
    await gateway.dispose();
  }
}
