import { generatedPath, type GeneratedRoute, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { startUpstream } from '../processes/upstream.js';
import { capacity } from '../processes/wrk.js';
import { atMost, middle, type Row, type Scenario } from '../scenario.js';

export const CONNECTIONS = 64;
const SECONDS = 2;
/** How many filters a route has; they take turns among the routes. */
const FILTERS = [0, 5, 20] as const;

/** The whole way of a request: CPU time of the gateway's process, so that what else the machine does counts less. */
export const requestCost: Scenario = {
  name: 'request-cost',
  title: `CPU time of one proxied request by the number of routes and of the filters of its route (${CONNECTIONS} connections)`,
  needs: ['wrk', 'nginx'],
  async run({ routes, rounds }) {
    const upstream = await startUpstream();
    const gateways: BenchGateway[] = [];
    try {
      for (const count of routes) gateways.push(await BenchGateway.started(filteredRoutes(count, upstream.url)));
      const samples = routes.map(() => FILTERS.map(() => [] as number[]));
      // In turn, so that a machine that gets slower does so for all; the first round is for the compiler and not counted.
      for (let round = 0; round <= rounds; round += 1) {
        for (const [at, count] of routes.entries()) {
          for (const place of FILTERS.keys()) {
            const cost = await costOf(gateways[at] as BenchGateway, generatedPath(inTheMiddle(count, place)));
            if (round > 0) samples[at]?.[place]?.push(cost);
          }
        }
      }
      const rows: Row[] = routes.map((count, at) => ({ name: `${count} routes`, values: samples[at] ?? [] }));
      const [smallest, largest] = [rows[0] as Row, rows.at(-1) as Row];
      const sum = ({ values }: Row): number => values.reduce<number>((all, value) => all + (middle(value) ?? 0), 0);
      const ratio = rows.length > 1 ? sum(largest) / sum(smallest) : undefined;
      return {
        columns: FILTERS.map((filters) => ({ title: `${filters} filters`, unit: 'µs', isCompared: true })),
        rows,
        aims: atMost(`${largest.name} ≤ 1.3 × ${smallest.name}`, 1.3, ratio, '×'),
        notes: ['The route that is asked for stands in the middle of the others.'],
      };
    } finally {
      for (const gateway of gateways) await gateway.dispose();
      await upstream.stop();
    }
  },
};

function* filteredRoutes(count: number, uri: string): Generator<GeneratedRoute> {
  let index = 0;
  for (const route of generatedRoutes(count, uri)) {
    yield { ...route, filters: addedHeaders(FILTERS[index % FILTERS.length] as number) };
    index += 1;
  }
}

/** The place of a route near the middle that has `FILTERS[place]` filters. */
function inTheMiddle(count: number, place: number): number {
  const middleOfAll = Math.floor(count / 2);
  return middleOfAll - (middleOfAll % FILTERS.length) + place;
}

export function addedHeaders(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `AddRequestHeader=X-Added-${at}, value-${at}`);
}

/** Microseconds of CPU for one request, under load. */
export async function costOf({ pid, url }: BenchGateway, path: string): Promise<number> {
  const { perCpuSecond } = await capacity(pid, {
    url: `${url}${path}/item`,
    connections: CONNECTIONS,
    seconds: SECONDS,
  });
  return 1e6 / perCpuSecond;
}
