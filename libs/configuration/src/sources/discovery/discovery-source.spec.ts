import { bind, type Json, type SourceDocument, type SourceUpdate } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import type { SourceSink } from '../configuration-source.js';
import { DiscoveryLocatorSettings } from './discovery-locator.settings.js';
import { DiscoveryRoutes } from './discovery-routes.js';
import { DiscoverySource } from './discovery-source.js';
import { KnownServices } from './known-services.js';

class Services extends KnownServices {
  private readonly listeners = new Set<() => void>();

  constructor(public names: readonly string[]) {
    super();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  become(...names: string[]): void {
    this.names = names;
    for (const listener of this.listeners) listener();
  }
}

function routes(written: Json = {}): DiscoveryRoutes {
  const { value, problems } = bind(DiscoveryLocatorSettings, written);
  if (value === undefined) throw new Error(JSON.stringify(problems));
  return new DiscoveryRoutes(value);
}

describe('the route of a service', () => {
  it('is Spring’s, by default', () => {
    expect(routes().routeFor('Orders')).toEqual({
      id: 'ServiceInstances_Orders',
      uri: 'lb://Orders',
      predicates: [{ name: 'Path', args: { pattern: '/Orders/**' } }],
      filters: [{ name: 'RewritePath', args: { regexp: '/Orders/?(?<remaining>.*)', replacement: '/${remaining}' } }],
    });
  });

  it('is what the settings make of its name', () => {
    const made = routes({
      'route-id-prefix': 'd-',
      'url-expression': "'lb:https://' + serviceId",
      'lower-case-service-id': true,
      predicates: ["Path='/api/'+serviceId+'/**'", { name: 'Method', args: { methods: ["'GET'"] } }],
      filters: [
        'StripPrefix=2',
        { name: 'AddRequestHeader', args: { name: "'X-It''s'", value: 'serviceId.toUpperCase()' } },
      ],
    });
    expect(made.routeFor('Orders')).toEqual({
      id: 'd-orders',
      uri: 'lb:https://Orders',
      predicates: [
        { name: 'Path', args: { _genkey_0: '/api/orders/**' } },
        { name: 'Method', args: { methods: ['GET'] } },
      ],
      filters: [
        { name: 'StripPrefix', args: { _genkey_0: '2' } },
        { name: 'AddRequestHeader', args: { name: "X-It's", value: 'ORDERS' } },
      ],
    });
  });

  it.each([
    ['true', ['a', 'ab', 'b']],
    ['false', []],
    ["serviceId == 'a'", ['a']],
    ["serviceId!='a'", ['ab', 'b']],
    ["serviceId.startsWith('a')", ['a', 'ab']],
    ["!serviceId.endsWith('b')", ['a']],
    ["serviceId.equalsIgnoreCase('A')", ['a']],
  ])('is made where %s', (expression, included) => {
    const made = routes({ 'include-expression': expression });
    expect(['a', 'ab', 'b'].filter((name) => made.routeFor(name) !== undefined)).toEqual(included);
  });

  it.each<[string, Json]>([
    ['metadata', { 'include-expression': "metadata['edge'] == 'true'" }],
    ['a type', { 'include-expression': "T(java.lang.Runtime).getRuntime().exec('x')" }],
    ['a call', { 'url-expression': "'lb://'+serviceId.concat('x')" }],
    ['an unfinished sum', { 'url-expression': "'lb://'+" }],
    ['no expression', { predicates: ['Path=/a/**'] }],
    ['a predicate without a name', { predicates: [{ args: {} }] }],
  ])('is refused where an expression is %s', (_, written) => {
    expect(() => routes(written)).toThrow(SyntaxError);
  });
});

describe('the discovery source', () => {
  function started(...names: string[]): {
    services: Services;
    source: DiscoverySource;
    updates: SourceUpdate[];
    sink: SourceSink;
  } {
    const services = new Services(names);
    const updates: SourceUpdate[] = [];
    const sink: SourceSink = {
      deliver: (update) => {
        updates.push(update);
        return Promise.resolve();
      },
      down: () => undefined,
    };
    return { services, source: new DiscoverySource(services, routes()), updates, sink };
  }
  const idsOf = (documents: readonly SourceDocument[]): string[] =>
    documents.flatMap((each) => (each.kind === 'objects' ? each.objects.map(({ configId }) => configId) : []));

  it('delivers each service as a document, and afterwards what changed', async () => {
    const { services, source, updates, sink } = started('a', 'b');
    await source.start(sink);
    services.become('b', 'c');
    services.become('b', 'c');
    await source.stop();
    services.become('d');
    expect(updates.map(({ documents, removed, complete }) => [idsOf(documents), removed, complete])).toEqual([
      [['ServiceInstances_a', 'ServiceInstances_b'], [], true],
      [['ServiceInstances_c'], ['a'], false],
    ]);
  });

  it('has one mark for one state', async () => {
    const { services, source, updates, sink } = started('a');
    await source.start(sink);
    services.become('b');
    await source.stop();
    services.become('a');
    const { revision, complete } = await source.read();
    expect(complete).toBe(true);
    expect(updates.map((update) => update.revision === revision)).toEqual([true, false]);
  });
});
