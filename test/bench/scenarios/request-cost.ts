import { generatedPath, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { load } from '../processes/load.js';
import { cpuSeconds } from '../processes/process-usage.js';
import { startUpstream } from '../processes/upstream.js';
import { atMost, type Row, type Scenario } from '../scenario.js';
import { median } from '../statistics.js';

export const CONNECTIONS = 64;
const SECONDS = 3;

/** The whole way of a request: CPU time of the gateway's process, so that what else the machine does counts less. */
export const requestCost: Scenario = {
  name: 'request-cost',
  title: `CPU time of one proxied request by the number of routes (${CONNECTIONS} connections)`,
  async run({ routes, rounds }) {
    const upstream = await startUpstream();
    const gateways: BenchGateway[] = [];
    try {
      for (const count of routes) gateways.push(await BenchGateway.started(generatedRoutes(count, upstream.url)));
      const samples = routes.map(() => [[], [], []] as number[][]);
      // In turn, so that a machine that gets slower does so for all; the first round is for the compiler and not counted.
      for (let round = 0; round <= rounds; round += 1) {
        for (const [at, count] of routes.entries()) {
          for (const [place, index] of [0, Math.floor(count / 2), count - 1].entries()) {
            const cost = await costOf(gateways[at] as BenchGateway, generatedPath(index));
            if (round > 0) samples[at]?.[place]?.push(cost);
          }
        }
      }
      const rows: Row[] = routes.map((count, at) => ({
        name: `${count} routes`,
        values: (samples[at] ?? []).map(median),
      }));
      const mean = ({ values }: Row): number => values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / 3;
      const ratio = rows.length > 1 ? mean(rows.at(-1) as Row) / mean(rows[0] as Row) : undefined;
      return {
        columns: ['first', 'middle', 'last'].map((title) => ({ title, unit: 'µs', isCompared: true })),
        rows,
        aims: atMost(`${rows.at(-1)?.name} ≤ 1.3 × ${rows[0]?.name}`, 1.3, ratio, '×'),
      };
    } finally {
      for (const gateway of gateways) await gateway.dispose();
      await upstream.stop();
    }
  },
};

/** Microseconds of CPU for one request, under load. */
export async function costOf(gateway: BenchGateway, path: string): Promise<number> {
  const before = cpuSeconds(gateway.pid);
  const { requests, failures } = await load({
    url: `${gateway.url}${path}/item`,
    connections: CONNECTIONS,
    seconds: SECONDS,
  });
  if (failures > 0) throw new Error(`${failures} of ${requests} requests to ${path} failed`);
  return ((cpuSeconds(gateway.pid) - before) * 1e6) / requests;
}
