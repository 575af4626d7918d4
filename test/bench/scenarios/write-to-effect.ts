import { answeredRoute, generatedRoutes, seenRevision } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { HttpProbe } from '../processes/http-probe.js';
import { atMost, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const WRITES = 300;
const WARM_UP = 50;
const LIMIT_MS: Readonly<Record<number, number>> = { 10: 10, 1_000: 15, 10_000: 15, 100_000: 100 };

/** From the moment an API write is sent to the answer of the first request that shows it. */
export const writeToEffect: Scenario = {
  name: 'write-to-effect',
  title: `API write to the first request that sees it (${WRITES} writes of one route, one after the other)`,
  async run({ routes }) {
    const rows: Row[] = [];
    const p99 = new Map<number, number>();
    for (const count of routes) {
      const gateway = await BenchGateway.started(generatedRoutes(count - 1, 'http://127.0.0.1:9'));
      const { written, seen, late } = await measure(gateway).finally(() => gateway.dispose());
      p99.set(count, percentile(seen, 0.99));
      rows.push({
        name: `${count} routes`,
        values: [percentile(written, 0.5), percentile(seen, 0.5), percentile(seen, 0.99), Math.max(...seen), late],
      });
    }
    return {
      columns: [
        { title: 'answered p50', unit: 'ms' },
        { title: 'seen p50', unit: 'ms', isCompared: true },
        { title: 'seen p99', unit: 'ms', isCompared: true },
        { title: 'seen max', unit: 'ms' },
        { title: 'requests that came too early' },
      ],
      rows,
      aims: routes.flatMap((count) => {
        const limitMs = LIMIT_MS[count];
        if (limitMs === undefined) return [];
        return atMost(`p99 at ${count} routes ≤ ${limitMs} ms`, limitMs, p99.get(count), 'ms');
      }),
    };
  },
};

interface Samples {
  readonly written: number[];
  readonly seen: number[];
  /** Requests sent after a write's answer that did not show it: none, by design. */
  readonly late: number;
}

async function measure(gateway: BenchGateway): Promise<Samples> {
  const admin = new HttpProbe(gateway.adminUrl);
  const traffic = new HttpProbe(gateway.url);
  const written: number[] = [];
  const seen: number[] = [];
  let late = 0;
  for (let revision = 1; revision <= WARM_UP + WRITES; revision += 1) {
    const startedMs = performance.now();
    await admin.expect('PUT', '/api/configuration/routes/bench', answeredRoute('bench', '/bench', revision));
    const writtenMs = performance.now() - startedMs;
    while (seenRevision((await traffic.send('GET', '/bench')).headers.location) !== revision) late += 1;
    if (revision <= WARM_UP) continue;
    written.push(writtenMs);
    seen.push(performance.now() - startedMs);
  }
  admin.close();
  traffic.close();
  return { written, seen, late };
}
