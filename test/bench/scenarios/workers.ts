import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { generatedPath, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { cpuSeconds } from '../processes/process-usage.js';
import { startUpstream } from '../processes/upstream.js';
import { saturate } from '../processes/wrk.js';
import { atLeast, middle, type Row, type Scenario } from '../scenario.js';

const CONNECTIONS = 64;
const SECONDS = 3;
const WORKERS = [1, 2] as const;
/** Two for the workers, and others for what loads them. */
const HAS_FREE_CORES = cpus().length >= 4;

interface Measured {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** What a second core gives. */
export const workers: Scenario = {
  name: 'workers',
  title: `Requests of one process and of two workers under one control process (${CONNECTIONS} connections)`,
  needs: ['wrk', 'nginx', 'taskset'],
  async run({ rounds }) {
    const upstream = await startUpstream();
    const gateways: BenchGateway[] = [];
    try {
      for (const count of WORKERS) {
        const gateway = await BenchGateway.prepare(generatedRoutes(10, upstream.url), { workers: count });
        gateways.push(gateway);
        await gateway.start();
        if (HAS_FREE_CORES) release(gateway);
      }
      const samples = WORKERS.map(() => [] as Measured[]);
      // In turn, so that a machine that gets slower does so for both; the first round is for the compiler and not counted.
      for (let round = 0; round <= rounds; round += 1) {
        for (const at of WORKERS.keys()) {
          const measured = await measure(gateways[at] as BenchGateway);
          if (round > 0) samples[at]?.push(measured);
        }
      }
      const rows = WORKERS.map((count, at): Row => {
        const each = samples[at] ?? [];
        const name = count === 1 ? 'one process' : `${count} workers`;
        return { name, values: [each.map(({ perCpuSecond }) => perCpuSecond), each.map(({ perSecond }) => perSecond)] };
      });
      const ratioOf = (column: number): number =>
        (middle(rows.at(-1)?.values[column]) ?? Number.NaN) / (middle(rows[0]?.values[column]) ?? Number.NaN);
      return {
        columns: [
          { title: 'requests a CPU-second of all its processes', isCompared: true },
          { title: 'requests a second', isCompared: true },
        ],
        rows,
        aims: HAS_FREE_CORES
          ? atLeast('two workers on two free cores ≥ 1.8 × one process', 1.8, ratioOf(1))
          : atLeast('two cores by what each carries with two workers ≥ 1.8 × one process', 1.8, 2 * ratioOf(0)),
        notes: HAS_FREE_CORES
          ? ['The gateway may use all cores but the one that loads it.']
          : [
              'Only two cores are there, and one of them loads the gateway: its processes share the other, and what two free ones would carry is told by the requests a CPU-second, twice.',
            ],
      };
    } finally {
      for (const gateway of gateways) await gateway.dispose();
      await upstream.stop();
    }
  },
};

async function measure(gateway: BenchGateway): Promise<Measured> {
  const pids = familyOf(gateway.pid);
  const used = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = used();
  const url = `${gateway.url}${generatedPath(5)}/item`;
  const requests = await saturate({ url, connections: CONNECTIONS, seconds: SECONDS });
  return { perSecond: requests / SECONDS, perCpuSecond: requests / (used() - before) };
}

/** Takes the gateway off the one core that it was started on. */
function release({ pid }: BenchGateway): void {
  const last = cpus().length - 1;
  for (const each of familyOf(pid)) {
    spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', `0,2-${last}`, String(each)]);
  }
}

/** A process and its children. */
function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return [pid, ...children];
}
