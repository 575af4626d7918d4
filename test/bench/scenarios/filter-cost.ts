import type { GeneratedRoute } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { startUpstream } from '../processes/upstream.js';
import { atMost, middle, type Row, type Scenario } from '../scenario.js';
import { addedHeaders, CONNECTIONS, costOf } from './request-cost.js';

const LIMITER = 'RequestRateLimiter=1000000,1000000,1,#{@ipKeyResolver}';

/** All go to one upstream that is well. */
const CHAINS: readonly (readonly [name: string, filters: readonly string[]])[] = [
  ['bare', []],
  ['1 filter', addedHeaders(1)],
  ['5 filters', addedHeaders(5)],
  ['20 filters', addedHeaders(20)],
  ['RequestRateLimiter', [LIMITER]],
  ['Retry', ['Retry']],
  ['CircuitBreaker', ['CircuitBreaker']],
  ['all three', [LIMITER, 'CircuitBreaker', 'Retry']],
];

/** What filters cost a request, and the resilience filters one that needs none of them: CPU time of the gateway's process. */
export const filterCost: Scenario = {
  name: 'filter-cost',
  title: `CPU time of one proxied request by the filters of its route (${CONNECTIONS} connections)`,
  needs: ['wrk', 'nginx'],
  async run({ rounds }) {
    const upstream = await startUpstream();
    let gateway: BenchGateway | undefined;
    try {
      gateway = await BenchGateway.started(CHAINS.map(([, filters], at) => chained(at, upstream.url, filters)));
      const samples = CHAINS.map(() => [] as number[]);
      // In turn, so that a machine that gets slower does so for all; the first round is for the compiler and not counted.
      for (let round = 0; round <= rounds; round += 1) {
        for (const at of CHAINS.keys()) {
          const cost = await costOf(gateway, pathOf(at));
          if (round > 0) samples[at]?.push(cost);
        }
      }
      const rows: Row[] = CHAINS.map(([name], at) => ({ name, values: [samples[at] ?? []] }));
      const [bare, all] = [middle(rows[0]?.values[0]), middle(rows.at(-1)?.values[0])];
      const ratio = bare && all && all / bare;
      return {
        columns: [{ title: 'a request', unit: 'µs', isCompared: true }],
        rows,
        aims: atMost('all three ≤ 1.5 × bare', 1.5, ratio, '×'),
      };
    } finally {
      await gateway?.dispose();
      await upstream.stop();
    }
  },
};

function pathOf(at: number): string {
  return `/chain-${at}`;
}

function chained(at: number, uri: string, filters: readonly string[]): GeneratedRoute {
  return { id: `chain-${at}`, uri, predicates: [`Path=${pathOf(at)}/**`], filters };
}
