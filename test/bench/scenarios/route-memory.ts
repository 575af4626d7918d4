import { generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { heapAfterCollection } from '../processes/inspected-heap.js';
import { residentBytes } from '../processes/process-usage.js';
import { atMost, type Row, type Scenario } from '../scenario.js';

const LIMIT_BYTES = 4 * 1024;
/** With fewer, what else the process allocates is more than the routes. */
const ENOUGH_ROUTES = 1_000;

/** What a route costs to hold: definition, compiled form, index, bookkeeping of the pipeline. */
export const routeMemory: Scenario = {
  name: 'route-memory',
  title: 'JavaScript heap after a full collection, and memory of the process, by the number of routes',
  async run({ routes }) {
    const base = await memoryWith(1);
    const measured: Memory[] = [];
    for (const count of routes) measured.push(await memoryWith(count));
    const rows: Row[] = routes.map((count, at) => {
      const { heapBytes, rssBytes } = measured[at] as Memory;
      const perRoute = count < ENOUGH_ROUTES ? undefined : (heapBytes - base.heapBytes) / (count - 1);
      return { name: `${count} routes`, values: [heapBytes / 2 ** 20, rssBytes / 2 ** 20, perRoute] };
    });
    return {
      columns: [
        { title: 'heap', unit: 'MiB', isCompared: true },
        { title: 'resident', unit: 'MiB' },
        { title: 'heap a route', unit: 'B' },
      ],
      rows,
      aims: routes.flatMap((count, at) =>
        count < ENOUGH_ROUTES
          ? []
          : atMost(`at ${count} routes ≤ 4 KB heap a route`, LIMIT_BYTES, rows[at]?.values[2], 'B'),
      ),
    };
  },
};

interface Memory {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

async function memoryWith(count: number): Promise<Memory> {
  const gateway = await BenchGateway.started(generatedRoutes(count, 'http://127.0.0.1:9'), ['--inspect=127.0.0.1:0']);
  try {
    const heapBytes = await heapAfterCollection(gateway.inspectorUrl);
    return { heapBytes, rssBytes: residentBytes(gateway.pid) };
  } finally {
    await gateway.dispose();
  }
}
