import { answeredRoute, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { HttpProbe } from '../processes/http-probe.js';
import { heapAfterCollection } from '../processes/inspected-heap.js';
import { residentBytes } from '../processes/process-usage.js';
import { atMost, type Row, type Scenario } from '../scenario.js';

const LIMIT_BYTES = 4 * 1024;
/** With fewer, what else the process allocates is more than the routes. */
const ENOUGH_ROUTES = 1_000;
const CHANGES = 10_000;
/** Fill what is kept of the last ones, and have V8 compile all that a change runs through. */
const FIRST_CHANGES = 3_000;
const LIMIT_GROWN_BYTES_A_CHANGE = 100;

/** What a route costs to hold: definition, compiled form, index, bookkeeping of the pipeline; and what changes leave behind. */
export const routeMemory: Scenario = {
  name: 'route-memory',
  title: `JavaScript heap after a full collection, and memory of the process, by the number of routes; and after ${FIRST_CHANGES} changes ${CHANGES} more`,
  async run({ routes }) {
    const base = await memoryWith(1, 0);
    const measured: Memory[] = [];
    for (const count of routes) measured.push(await memoryWith(count, CHANGES));
    const rows: Row[] = routes.map((count, at) => {
      const { heapBytes, rssBytes, grownBytes, rssGrownBytes } = measured[at] as Memory;
      const perRoute = count < ENOUGH_ROUTES ? undefined : (heapBytes - base.heapBytes) / (count - 1);
      const figures = [heapBytes / 2 ** 20, rssBytes / 2 ** 20, perRoute];
      return { name: `${count} routes`, values: [...figures, grownBytes / 2 ** 20, rssGrownBytes / 2 ** 20] };
    });
    return {
      columns: [
        { title: 'heap', unit: 'MiB', isCompared: true },
        { title: 'resident', unit: 'MiB' },
        { title: 'heap a route', unit: 'B' },
        { title: 'heap, by changes', unit: 'MiB more' },
        { title: 'resident, by changes', unit: 'MiB more' },
      ],
      rows,
      aims: routes.flatMap((count, at) => [
        ...(count < ENOUGH_ROUTES
          ? []
          : atMost(`at ${count} routes ≤ 4 KB heap a route`, LIMIT_BYTES, rows[at]?.values[2], 'B')),
        ...atMost(
          `at ${count} routes ≤ ${LIMIT_GROWN_BYTES_A_CHANGE} B of heap a change`,
          LIMIT_GROWN_BYTES_A_CHANGE,
          (measured[at] as Memory).grownBytes / CHANGES,
          'B',
        ),
      ]),
    };
  },
};

interface Memory {
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** By the changes. */
  readonly grownBytes: number;
  readonly rssGrownBytes: number;
}

async function memoryWith(count: number, changes: number): Promise<Memory> {
  const gateway = await BenchGateway.started(generatedRoutes(count, 'http://127.0.0.1:9'), ['--inspect=127.0.0.1:0']);
  const admin = new HttpProbe(gateway.adminUrl);
  const change = async (times: number): Promise<void> => {
    for (let revision = 1; revision <= times; revision += 1) {
      const id = `bench-${revision % 50}`;
      await admin.expect('PUT', `/api/configuration/routes/${id}`, answeredRoute(id, `/${id}`, revision));
    }
  };
  try {
    // It waits for its turn: by then all that came from the files is announced, and what that took is given back.
    await change(1);
    const heapBytes = await heapAfterCollection(gateway.inspectorUrl);
    const rssBytes = residentBytes(gateway.pid);
    if (changes === 0) return { heapBytes, rssBytes, grownBytes: 0, rssGrownBytes: 0 };
    await change(FIRST_CHANGES);
    const heapFirst = await heapAfterCollection(gateway.inspectorUrl);
    const rssFirst = residentBytes(gateway.pid);
    await change(changes);
    return {
      heapBytes,
      rssBytes,
      grownBytes: (await heapAfterCollection(gateway.inspectorUrl)) - heapFirst,
      rssGrownBytes: residentBytes(gateway.pid) - rssFirst,
    };
  } finally {
    admin.close();
    await gateway.dispose();
  }
}
