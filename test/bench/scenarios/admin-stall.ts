import { setTimeout } from 'node:timers/promises';
import { answeredRoute, generatedRoute, generatedRoutes, routesDocument } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { HttpProbe } from '../processes/http-probe.js';
import { pacedProbe } from '../processes/paced-probe.js';
import { atMost, type Scenario } from '../scenario.js';

const LIMIT_MS = 20;
/** Routes in a body of nearly 1 MB, which is as large as one may be. */
const WRITTEN_ROUTES = 4_000;
const WARM_UP_PROBES = 500;
const SETTLE_MS = 3_000;

/** What traffic notices of calls of the admin server, the largest that there are. */
export const adminStall: Scenario = {
  name: 'admin-stall',
  title: 'slowest of the requests that are sent, a millisecond apart, while the admin server is asked for much',
  async run({ routes, rounds }) {
    const samples = new Map<string, number[][]>();
    for (const [at, count] of routes.entries()) {
      for (let round = 0; round < rounds; round += 1) {
        for (const [name, ms] of await measure(count)) {
          const ofName = samples.get(name) ?? routes.map(() => []);
          samples.set(name, ofName);
          ofName[at]?.push(ms);
        }
      }
    }
    const rows = [...samples].map(([name, values]) => ({ name, values }));
    return {
      columns: routes.map((count) => ({ title: `${count} routes`, unit: 'ms' })),
      rows,
      aims: rows.flatMap(({ name, values }) =>
        atMost(`${name}: no stall over ${LIMIT_MS} ms at ${routes.at(-1)} routes`, LIMIT_MS, values.at(-1), 'ms'),
      ),
    };
  },
};

interface Call {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object | string;
}

const written = Array.from({ length: WRITTEN_ROUTES }, (_, index) => {
  const { id, ...route } = generatedRoute(index, 'no://op');
  return { ...route, id: `written-${index}`, predicates: [`Path=/written/${id}/**`] };
});
const change = (op: string) => (configuration: { readonly id: string }) => ({
  op,
  configType: 'route',
  configId: configuration.id,
  ...(op === 'upsert' && { configuration }),
});

const CALLS: readonly Call[] = [
  { name: 'nothing', method: 'GET', path: '/actuator/health/liveness' },
  { name: 'list', method: 'GET', path: '/api/configuration/routes' },
  { name: 'list, Spring', method: 'GET', path: '/actuator/gateway/routes' },
  { name: 'export', method: 'GET', path: '/api/configuration/export' },
  { name: 'status', method: 'GET', path: '/actuator/configuration/status' },
  { name: 'validate what runs', method: 'POST', path: '/actuator/configuration/validate' },
  {
    name: `validate ${WRITTEN_ROUTES}`,
    method: 'POST',
    path: '/actuator/configuration/validate',
    body: routesDocument(written),
  },
  {
    name: `write ${WRITTEN_ROUTES}`,
    method: 'POST',
    path: '/api/configuration/batch',
    body: { changes: written.map(change('upsert')) },
  },
  {
    name: `delete ${WRITTEN_ROUTES}`,
    method: 'POST',
    path: '/api/configuration/batch',
    body: { changes: written.map(change('delete')) },
  },
];

async function measure(count: number): Promise<Map<string, number>> {
  const gateway = await BenchGateway.started([
    answeredRoute('probe', '/probe', 1),
    ...generatedRoutes(count - 1, 'no://op'),
  ]);
  const traffic = new HttpProbe(gateway.url);
  const admin = new HttpProbe(gateway.adminUrl);
  try {
    for (let probes = 0; probes < WARM_UP_PROBES; probes += 1) await pacedProbe(traffic);
    const longest = new Map<string, number>();
    for (const { name, method, path, body } of CALLS) {
      await setTimeout(SETTLE_MS);
      let isOver = false;
      const answered = admin.expect(method, path, body).finally(() => (isOver = true));
      let longestMs = 0;
      do longestMs = Math.max(longestMs, await pacedProbe(traffic));
      while (!isOver);
      await answered;
      longest.set(name, longestMs);
    }
    return longest;
  } finally {
    traffic.close();
    admin.close();
    await gateway.dispose();
  }
}
