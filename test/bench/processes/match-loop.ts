import {
  emptySnapshot,
  type GatewayRequest,
  HeaderList,
  RouteCompiler,
  SnapshotCompiler,
  standardCatalogue,
} from '@tigateway/routing';
import { type Change, hashOf, type Json, SystemClock } from '@tigateway/model';
import { generatedPath, generatedRoute } from '../generated-routes.js';
import { BenchChild } from './child.js';

export interface MatchOptions {
  readonly routes: number;
  /** Which routes are asked for, by their place; −1: a path that no route takes. */
  readonly targets: readonly number[];
}

const SLICE_MATCHES = 20_000;
const SLICES = 25;

/** Nanoseconds per match, one for each target; the fastest slice of many, for the machine is not ours alone. */
export function matchCost(options: MatchOptions): Promise<number[]> {
  return BenchChild.result('subject', new URL(import.meta.url), options);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { routes, targets } = JSON.parse(process.argv[2] ?? '') as MatchOptions;
  const compiler = new SnapshotCompiler(
    new RouteCompiler(standardCatalogue(), new SystemClock(), { ownListeners: [] }),
  );
  const changes = Array.from({ length: routes }, (_, index) => change(index));
  const { table } = await compiler.compile(emptySnapshot(), { changes });
  const requests = targets.map((index) => (index < 0 ? '/nobody/takes/this' : `${generatedPath(index)}/item`));
  const best = requests.map(() => Number.POSITIVE_INFINITY);
  for (let slice = 0; slice < SLICES; slice += 1) {
    for (const [at, path] of requests.entries()) {
      const startedMs = performance.now();
      for (let match = 0; match < SLICE_MATCHES; match += 1) table.match(requestTo(path));
      best[at] = Math.min(best[at] as number, ((performance.now() - startedMs) * 1e6) / SLICE_MATCHES);
    }
  }
  process.stdout.write(`${JSON.stringify(best)}\n`);
}

function change(index: number): Change {
  const configuration = generatedRoute(index, 'http://127.0.0.1:9001') as unknown as Json;
  const configId = `route-${index}`;
  return {
    op: 'upsert',
    configType: 'route',
    configId,
    next: {
      configuration,
      hash: hashOf(configuration),
      source: 'file',
      position: { source: 'file', document: 'routes.yml', line: 1, column: 1 },
      rank: [3, 'routes.yml', index],
    },
  };
}

/** A new one for each match: what a request remembers of its path must not be counted out. */
function requestTo(path: string): GatewayRequest {
  const headers = new HeaderList();
  headers.append('Host', 'gateway.test');
  return {
    method: 'GET',
    path,
    query: undefined,
    headers,
    remoteAddress: '127.0.0.1',
    remotePort: 50_000,
    scheme: 'http',
    localPort: 8080,
  };
}
