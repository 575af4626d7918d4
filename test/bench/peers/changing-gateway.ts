import { answeredRoute, generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { HttpProbe } from '../processes/http-probe.js';
import type { Changing, ChangingPeer } from './changing.js';

const WARM_UP_SECONDS = 3;
/** How many others change in turn. */
const OTHERS = 50;

/** By `PUT` of one route to the admin API. */
export function changedByApi(engine: 'native' | 'node'): ChangingPeer {
  return {
    name: `tigateway, API${engine === 'node' ? ', node' : ''}`,
    missing: () => undefined,
    warmUpSeconds: WARM_UP_SECONDS,
    isAcknowledged: true,
    async start(routes, upstream): Promise<Changing> {
      const gateway = await BenchGateway.prepare(generatedRoutes(routes, upstream), { engine });
      await gateway.start();
      const [admin, others] = [new HttpProbe(gateway.adminUrl), new HttpProbe(gateway.adminUrl)];
      const put = (by: HttpProbe, id: string, revision: number): Promise<unknown> =>
        by.expect('PUT', `/api/configuration/routes/${id}`, answeredRoute(id, `/${id}`, revision));
      return {
        url: gateway.url,
        change: async (revision) => void (await put(admin, 'bench', revision)),
        changeOther: async (turn) => void (await put(others, `other-${turn % OTHERS}`, turn)),
        stop: () => {
          admin.close();
          others.close();
          return gateway.dispose();
        },
      };
    },
  };
}

/** By files that are replaced, one route in each. */
export const changedByFile: ChangingPeer = {
  name: 'tigateway, file',
  missing: () => undefined,
  warmUpSeconds: WARM_UP_SECONDS,
  async start(routes, upstream): Promise<Changing> {
    const gateway = await BenchGateway.started(generatedRoutes(routes, upstream));
    const write = async (id: string, revision: number): Promise<void> =>
      gateway.writeFile(`${id}.yml`, [answeredRoute(id, `/${id}`, revision)]);
    return {
      url: gateway.url,
      change: (revision) => write('bench', revision),
      changeOther: (turn) => write(`other-${turn % OTHERS}`, turn),
      stop: () => gateway.dispose(),
    };
  },
};
