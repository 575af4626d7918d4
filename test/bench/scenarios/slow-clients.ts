import { setTimeout } from 'node:timers/promises';
import { generatedPath, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { heapAfterCollection } from '../processes/inspected-heap.js';
import { openDescriptors, residentBytes } from '../processes/process-usage.js';
import { startSlowClients } from '../processes/slow-clients.js';
import { startUpstream } from '../processes/upstream.js';
import { atRate } from '../processes/vegeta.js';
import { saturate } from '../processes/wrk.js';
import { type Aim, atMost, middle, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const SLOW = 2_000;
const RATE = 1_000;
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 4;
const QUIET_SECONDS = 5;
/** Longer than `server.headers-timeout`: they are cut once, and come again. */
const SECONDS = 20;
const LIMIT_MS = 5;
const LIMIT_BYTES = 16 * 1024;
const ENGINES = ['native', 'node'] as const;

/** Clients that hold connections by sending next to nothing, and what the others notice of them. */
export const slowClients: Scenario = {
  name: 'slow-clients',
  title: `${SLOW} connections that send a byte of their request a second each, beside ${RATE} requests a second of others`,
  needs: ['wrk', 'vegeta', 'nginx'],
  async run({ rounds }) {
    const upstream = await startUpstream();
    const samples = ENGINES.map(() => COLUMNS.map(() => [] as number[]));
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const [at, engine] of ENGINES.entries()) {
          const measured = await measure(engine, upstream.url);
          for (const [column, value] of measured.entries()) samples[at]?.[column]?.push(value);
        }
      }
    } finally {
      await upstream.stop();
    }
    const rows = ENGINES.map((engine, at): Row => ({ name: `tigateway, ${engine}`, values: samples[at] ?? [] }));
    return { columns: COLUMNS, rows, aims: rows.flatMap(aimsOf) };
  },
};

const COLUMNS = [
  { title: 'failed with' },
  { title: 'p50 without', unit: 'ms' },
  { title: 'p50 with', unit: 'ms' },
  { title: 'p99 without', unit: 'ms' },
  { title: 'p99 with', unit: 'ms', isCompared: true },
  { title: 'slow ones held' },
  { title: 'heap a slow connection', unit: 'B', isCompared: true },
  { title: 'resident, most', unit: 'MiB more' },
];

function aimsOf({ name, values }: Row): Aim[] {
  const [failed, , , without, during, , heapBytes] = values.map(middle);
  return [
    ...atMost(`${name}: no request of others fails`, 0, failed, 'failed'),
    ...atMost(
      `${name}: p99 of others ≤ ${LIMIT_MS} ms more`,
      LIMIT_MS,
      (during ?? Number.NaN) - (without ?? Number.NaN),
      'ms',
    ),
    ...atMost(`${name}: ≤ ${LIMIT_BYTES / 1024} KB of heap a slow connection`, LIMIT_BYTES, heapBytes, 'B'),
  ];
}

async function measure(engine: string, upstream: string): Promise<readonly number[]> {
  const gateway = await BenchGateway.prepare(generatedRoutes(100, upstream), { engine });
  try {
    await gateway.start(['--inspect=127.0.0.1:0']);
    const load = { url: `${gateway.url}${generatedPath(0)}/item`, connections: CONNECTIONS, rate: RATE };
    await saturate({ ...load, seconds: WARM_UP_SECONDS });
    const without = await atRate({ ...load, seconds: QUIET_SECONDS });
    const heapBefore = await heapAfterCollection(gateway.inspectorUrl);
    const rssBefore = residentBytes(gateway.pid);
    const openBefore = openDescriptors(gateway.pid);
    const slow = await startSlowClients(gateway.url, SLOW);
    let rssMost = rssBefore;
    let isOver = false;
    const watch = async (): Promise<void> => {
      for (; !isOver; await setTimeout(250)) rssMost = Math.max(rssMost, residentBytes(gateway.pid));
    };
    const watching = watch();
    const during = await atRate({ ...load, seconds: SECONDS });
    isOver = true;
    await watching;
    const held = openDescriptors(gateway.pid) - openBefore;
    const heapBytes = ((await heapAfterCollection(gateway.inspectorUrl)) - heapBefore) / held;
    await slow.stop();
    const figures = (share: number): number[] => [without, during].map((of) => percentile(of.latenciesMs, share));
    return [during.failures, ...figures(0.5), ...figures(0.99), held, heapBytes, (rssMost - rssBefore) / 2 ** 20];
  } finally {
    await gateway.dispose();
  }
}
