import { setTimeout } from 'node:timers/promises';
import { answeredRoute, generatedPath, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { HttpProbe } from '../processes/http-probe.js';
import { pacedProbe } from '../processes/paced-probe.js';
import { atMost, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const LIMIT_MS = 20;
const WARM_UP_PROBES = 500;
/** What follows a load (its versions are pruned, the parsing thread ends) is not quiet yet. */
const SETTLE_MS = 12_000;

/** What traffic notices of a change, whatever its size: a request every millisecond while the files are loaded. */
export const loadingStall: Scenario = {
  name: 'loading-stall',
  title: 'slowest of the requests that are sent, a millisecond apart, while so many routes are loaded from files',
  async run({ routes, rounds }) {
    const rows: Row[] = [];
    for (const count of routes) {
      const samples: number[][] = [];
      for (let round = 0; round < rounds; round += 1) {
        const gateway = await BenchGateway.started([answeredRoute('probe', '/probe', 1)]);
        samples.push(await measure(gateway, count).finally(() => gateway.dispose()));
      }
      rows.push({
        name: `${count} routes`,
        values: [0, 1, 2, 3, 4].map((at) => samples.map((of) => of[at] as number)),
      });
    }
    return {
      columns: [
        { title: 'quiet max', unit: 'ms' },
        { title: 'loading p50', unit: 'ms' },
        { title: 'loading p99.9', unit: 'ms' },
        { title: 'loading max', unit: 'ms' },
        { title: 'loaded after', unit: 's', isCompared: true },
      ],
      rows,
      aims: rows.flatMap(({ name, values }) =>
        atMost(`${name}: no stall over ${LIMIT_MS} ms`, LIMIT_MS, values[3], 'ms'),
      ),
      notes: ['The quiet maximum is of as long a time afterwards: what the machine and the probe themselves add.'],
    };
  },
};

async function measure(gateway: BenchGateway, count: number): Promise<number[]> {
  const traffic = new HttpProbe(gateway.url);
  const watch = new HttpProbe(gateway.url);
  for (let probes = 0; probes < WARM_UP_PROBES; probes += 1) await pacedProbe(traffic);

  // The new files go beside the one that holds the probe's route; the last route of the last file is loaded last.
  gateway.writeRoutes([answeredRoute('probe', '/probe', 1), ...generatedRoutes(count - 1, 'no://op')]);
  const startedMs = performance.now();
  const loading: number[] = [];
  let isLoaded = count === 1;
  while (!isLoaded) {
    for (let probes = 0; probes < 20; probes += 1) loading.push(await pacedProbe(traffic));
    isLoaded = (await watch.send('GET', `${generatedPath(count - 2)}/item`)).status !== 404;
  }
  const loadedMs = performance.now() - startedMs;
  await setTimeout(SETTLE_MS);
  const quiet: number[] = [];
  for (const endMs = performance.now() + loadedMs; performance.now() < endMs;) quiet.push(await pacedProbe(traffic));
  traffic.close();
  watch.close();
  return [
    Math.max(...quiet),
    percentile(loading, 0.5),
    percentile(loading, 0.999),
    Math.max(...loading),
    loadedMs / 1_000,
  ];
}
