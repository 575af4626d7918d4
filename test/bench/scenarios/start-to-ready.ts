import { generatedPath, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { HttpProbe } from '../processes/http-probe.js';
import { atMost, type Row, type Scenario } from '../scenario.js';
import { median } from '../statistics.js';

const LIMIT_ROUTES = 10_000;
const FILES_LIMIT_MS = 2_000;
const LAST_GOOD_LIMIT_MS = 1_000;

/** From the start of the process; once from the files alone, once with the last good state of the run before. */
export const startToReady: Scenario = {
  name: 'start-to-ready',
  title: 'start of the process to its admin server, to ready, to the first answer through the last route',
  async run({ routes, rounds }) {
    const rows: Row[] = [];
    const after = new Map<string, number>();
    for (const count of routes) {
      const runs = { files: [] as Times[], 'last good state': [] as Times[] };
      for (let round = 0; round < rounds; round += 1) {
        const gateway = await BenchGateway.prepare(generatedRoutes(count, 'no://op'));
        try {
          runs.files.push(await start(gateway, count));
          runs['last good state'].push(await start(gateway, count));
        } finally {
          await gateway.dispose();
        }
      }
      for (const [from, times] of Object.entries(runs)) {
        const values = [0, 1, 2].map((step) => median(times.map((time) => time[step] as number)));
        rows.push({ name: `${count} routes, ${from}`, values });
        after.set(`${count} ${from}`, (values[1] as number) - (values[0] as number));
      }
    }
    return {
      columns: [
        { title: 'admin answers', unit: 'ms' },
        { title: 'ready', unit: 'ms', isCompared: true },
        { title: 'first request', unit: 'ms', isCompared: true },
      ],
      rows,
      aims: [
        ...atMost(
          `${LIMIT_ROUTES} routes from files ready ≤ ${FILES_LIMIT_MS} ms after the process listens`,
          FILES_LIMIT_MS,
          after.get(`${LIMIT_ROUTES} files`),
          'ms',
        ),
        ...atMost(
          `${LIMIT_ROUTES} routes from the last good state ready ≤ ${LAST_GOOD_LIMIT_MS} ms after the process listens`,
          LAST_GOOD_LIMIT_MS,
          after.get(`${LIMIT_ROUTES} last good state`),
          'ms',
        ),
      ],
    };
  },
};

type Times = readonly [listeningMs: number, readyMs: number, firstRequestMs: number];

async function start(gateway: BenchGateway, count: number): Promise<Times> {
  const startedMs = performance.now();
  const { listeningMs, readyMs } = await gateway.start();
  const traffic = new HttpProbe(gateway.url);
  while ((await traffic.send('GET', `${generatedPath(count - 1)}/item`)).status === 404);
  const firstRequestMs = performance.now() - startedMs;
  traffic.close();
  await gateway.stop();
  return [listeningMs, readyMs, firstRequestMs];
}
