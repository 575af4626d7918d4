import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Cluster, withoutCluster } from '../../kubernetes/cluster.js';
import { answeredRoute, generatedRoute, type GeneratedRoute, seenRevision } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { HttpProbe } from '../processes/http-probe.js';
import { atMost, type Result, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const SIZES = [10, 1_000, 5_000];
const WRITES = 150;
const WARM_UP = 20;
/** Changes of other resources that are under way all the time, in the busy case. */
const CHURNERS = 4;
/** The best figure that is published by others, for p50: agentgateway's. In milliseconds. */
const PUBLISHED_MS = 30;
const CRDS = resolve('charts/tigateway/crds');

/** From the moment a custom resource is written to the API server to the answer of the first request that shows it. */
export const clusterToEffect: Scenario = {
  name: 'cluster-to-effect',
  title: `Write of a custom resource to the first request that sees it (${WRITES} writes, one after the other)`,
  async run(): Promise<Result> {
    const missing = withoutCluster();
    if (missing !== undefined) return { columns: [], rows: [], aims: [], notes: [`Left out: ${missing}`] };
    const cluster = await Cluster.start();
    try {
      for (const file of readdirSync(CRDS)) await cluster.kubectl(['apply', '--server-side', '-f', join(CRDS, file)]);
      await cluster.kubectl(['wait', '--for=condition=Established', 'crd/tigatewayroutes.tigateway.cn']);
      return await measureAll(cluster);
    } finally {
      await cluster.stop();
    }
  },
};

async function measureAll(cluster: Cluster): Promise<Result> {
  const rows: Row[] = [];
  let quietP50: number | undefined;
  for (const store of ['embedded', 'kubernetes']) {
    for (const size of SIZES) {
      const namespace = await cluster.namespace('bench');
      const resources = new Resources(cluster, namespace);
      await resources.fill(size - 1);
      await resources.put(answeredRoute('bench', '/bench', 0));
      const gateway = await BenchGateway.prepare([], {}, bootstrap(cluster, namespace, store));
      await gateway.start();
      try {
        await isThere(gateway, '/bench');
        const quiet = await measure(gateway, resources, 1);
        rows.push(rowOf(`${store} store, ${size} resources`, quiet));
        if (store === 'kubernetes' && size === 5_000) quietP50 = percentile(quiet, 0.5);
        if (size !== SIZES.at(-1)) continue;
        const stop = churn(resources, size - 1);
        rows.push(rowOf(`${store} store, ${size} resources, others churn`, await measure(gateway, resources, 10_001)));
        await stop();
      } finally {
        await gateway.dispose();
      }
    }
  }
  return {
    columns: [
      { title: 'p50', unit: 'ms', isCompared: true },
      { title: 'p99', unit: 'ms', isCompared: true },
      { title: 'max', unit: 'ms' },
    ],
    rows,
    aims: atMost(
      `p50 at 5,000 resources ≤ ${PUBLISHED_MS} ms (published for agentgateway)`,
      PUBLISHED_MS,
      quietP50,
      'ms',
    ),
    notes: [
      'etcd and the API server share a core with the load; the time of the write itself is in the figure.',
      'Published by others on their own machines: agentgateway 10 to 30 ms, Istio 120 to 300 ms, Envoy Gateway and NGINX Gateway Fabric 600 to 800 ms, Traefik 2 s, Kong 3 s.',
    ],
  };
}

function bootstrap(cluster: Cluster, namespace: string, store: string): object {
  return {
    store,
    kubernetes: { kubeconfig: cluster.kubeconfig, namespace },
    sources: { file: { enabled: false }, crd: { enabled: true, namespaces: [namespace] } },
  };
}

function rowOf(name: string, samples: readonly number[]): Row {
  return { name, values: [percentile(samples, 0.5), percentile(samples, 0.99), Math.max(...samples)] };
}

async function isThere(gateway: BenchGateway, path: string): Promise<void> {
  const traffic = new HttpProbe(gateway.url);
  while ((await traffic.send('GET', path)).status !== 302);
  traffic.close();
}

async function measure(gateway: BenchGateway, resources: Resources, first: number): Promise<number[]> {
  const traffic = new HttpProbe(gateway.url);
  const samples: number[] = [];
  for (let revision = first; revision < first + WARM_UP + WRITES; revision++) {
    const startedMs = performance.now();
    const written = resources.put(answeredRoute('bench', '/bench', revision));
    while (seenRevision((await traffic.send('GET', '/bench')).headers.location) !== revision);
    samples.push(performance.now() - startedMs);
    await written;
  }
  traffic.close();
  return samples.slice(WARM_UP);
}

/** Changes others without a pause. @returns ends it */
function churn(resources: Resources, count: number): () => Promise<void> {
  let isOver = false;
  let turn = 0;
  const work = async (): Promise<void> => {
    while (!isOver) {
      const index = turn++ % count;
      await resources.put({ ...generatedRoute(index, `http://127.0.0.1:${1_000 + (turn % 9)}`) });
    }
  };
  const workers = Array.from({ length: CHURNERS }, work);
  return async () => {
    isOver = true;
    await Promise.all(workers);
  };
}

/** The custom resources of one namespace. */
class Resources {
  constructor(
    private readonly cluster: Cluster,
    private readonly namespace: string,
  ) {}

  async fill(count: number): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < count) await this.put(generatedRoute(next++, 'http://127.0.0.1:9'));
    };
    await Promise.all(Array.from({ length: 16 }, work));
  }

  /** Creates or changes it. */
  async put(route: GeneratedRoute): Promise<void> {
    const folder = `/apis/tigateway.cn/v1/namespaces/${this.namespace}/tigatewayroutes`;
    const changed = await this.cluster.request('PATCH', `${folder}/${route.id}`, { spec: { route } });
    if (changed.status < 300) return;
    await this.cluster.must('POST', folder, {
      apiVersion: 'tigateway.cn/v1',
      kind: 'TiGatewayRoute',
      metadata: { name: route.id },
      spec: { route },
    });
  }
}
