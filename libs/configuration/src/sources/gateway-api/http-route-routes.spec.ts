import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '@tigateway/kubernetes';
import { Decimal, SystemClock, Text } from '@tigateway/model';
import { type FilterFactory, RouteCompiler, standardCatalogue } from '@tigateway/routing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Gateway, HttpRoute, ReferenceGrant } from './gateway-api-types.js';
import { type ClusterView, translateHttpRoute } from './http-route-routes.js';

const FOLDER = join(import.meta.dirname, '../../../../../test/fixtures/golden/gateway-api');
const read = (name: string): unknown => parse(readFileSync(join(FOLDER, name), 'utf8'));

const cluster = read('cluster.yaml') as {
  readonly gateways: readonly Gateway[];
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly services: readonly Service[];
  readonly grants: readonly ReferenceGrant[];
};

function named<T extends Gateway | Service>(objects: readonly T[], namespace: string, name: string): T | undefined {
  return objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
}

const view: ClusterView = {
  served: 'HTTP',
  gateway: (namespace, name) => named(cluster.gateways, namespace, name),
  labelsOf: (namespace) => cluster.namespaces[namespace],
  service: (namespace, name) => named(cluster.services, namespace, name),
  grantsIn: (namespace) => cluster.grants.filter(({ metadata }) => metadata.namespace === namespace),
};

class MirrorArgs {
  @Text() uri!: string;
  @Decimal() percent!: number;
}
/** Stands for the data plane's, which this lib does not know. */
const mirror: FilterFactory = {
  name: 'RequestMirror',
  args: MirrorArgs,
  shortcut: { kind: 'fields', names: ['uri', 'percent'] },
  about: '',
  example: '',
  compile: () => ({}),
};

const compiler = new RouteCompiler(standardCatalogue([], [mirror]), new SystemClock(), { ownListeners: [] });

/** Each HTTPRoute beside its routes and its status. `UPDATE_GOLDEN=1` writes the answers anew, to be read before they are committed. */
describe('an HTTPRoute', () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml') && name !== 'cluster.yaml');

  it.each(names)('%s becomes what is written beside it', (name) => {
    const { objects, problems, parents } = translateHttpRoute(read(name) as HttpRoute, view);
    const routes = objects.map(({ configuration, pointer }) => ({ pointer, route: configuration }));
    const made = JSON.stringify({ routes, problems, parents }, null, 2) + '\n';
    const answer = join(FOLDER, `${name}.expected.json`);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(answer, made);
    expect(made).toBe(readFileSync(answer, 'utf8'));
  });

  it.each(names)('%s becomes routes that load', (name) => {
    const { objects } = translateHttpRoute(read(name) as HttpRoute, view);
    expect(objects.flatMap(({ configuration }) => compiler.compileRoute(configuration).problems)).toEqual([]);
    expect(new Set(objects.map(({ configId }) => configId)).size).toBe(objects.length);
  });
});
