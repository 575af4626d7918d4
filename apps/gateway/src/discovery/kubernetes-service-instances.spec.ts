import {
  type EndpointSlice,
  LabelSelector,
  type ObjectWatch,
  type ResourceListener,
  type Service,
} from '@tigateway/kubernetes';
import { CombinedServiceInstances, StaticServiceInstances } from '@tigateway/proxy';
import { describe, expect, it } from 'vitest';
import { KubernetesServiceInstances } from './kubernetes-service-instances.js';
import { ProxiedServices } from './proxied-services.js';

/** Objects that are told of as a watch tells of them, without a cluster. */
class Objects<T extends Service> implements ObjectWatch<T> {
  readonly objects = new Map<string, T>();
  readonly resourceVersion = '1';
  private listener!: ResourceListener<T>;

  start(listener: ResourceListener<T>): Promise<void> {
    this.listener = listener;
    return Promise.resolve();
  }

  put(...upserted: T[]): void {
    for (const each of upserted) this.objects.set(`${each.metadata.namespace}/${each.metadata.name}`, each);
    this.listener.changed({ upserted, removed: [] });
  }

  remove(namespace: string, name: string): void {
    const gone = this.objects.get(`${namespace}/${name}`) as T;
    this.objects.delete(`${namespace}/${name}`);
    this.listener.changed({ upserted: [], removed: [gone] });
  }

  synced(): void {
    this.listener.synced(this.objects);
  }

  relist(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

function service(
  namespace: string,
  name: string,
  labels: Record<string, string> = {},
  ...ports: [string, number][]
): Service {
  const all = ports.length > 0 ? ports : ([['http', 80]] as const);
  return { metadata: { namespace, name, labels }, spec: { ports: all.map(([each, port]) => ({ name: each, port })) } };
}

function slice(namespace: string, name: string, ...hosts: string[]): EndpointSlice {
  return {
    metadata: { namespace, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: hosts.map((host) => ({ addresses: [host] })),
    ports: [
      { name: 'http', port: 8080 },
      { name: 'admin', port: 9000 },
    ],
  };
}

async function cluster({ namespaces = ['own'], selector = '' } = {}) {
  const [services, slices] = [new Objects<Service>(), new Objects<EndpointSlice>()];
  const listed = LabelSelector.parse(selector);
  const instances = new KubernetesServiceInstances({
    services,
    slices,
    watched: ['own', 'shop'],
    namespace: 'own',
    namespaces,
    listed,
  });
  await instances.start();
  const known = (): void => {
    services.synced();
    slices.synced();
  };
  const shown = (text: string): string =>
    instances
      .instancesOf(text)
      .map(({ authority }) => authority)
      .join(' ');
  return { services, slices, instances, known, shown };
}

describe('the instances of a Service', () => {
  it('are found by its name, its namespace and its port', async () => {
    const { services, slices, known, shown } = await cluster();
    services.put(service('own', 'web', {}, ['http', 80], ['admin', 81]), service('shop', 'web'));
    slices.put(slice('own', 'web', '10.0.0.1'), slice('shop', 'web', '10.1.0.1', '10.1.0.2'));
    known();
    const names = [
      'web',
      'web:80',
      'web:admin',
      'web:81',
      'web.own',
      'web.shop:80',
      'web.shop.svc.cluster.local',
      'web:1',
      'x',
    ];
    expect(names.map(shown)).toEqual([
      '10.0.0.1:8080',
      '10.0.0.1:8080',
      '10.0.0.1:9000',
      '10.0.0.1:9000',
      '10.0.0.1:8080',
      '10.1.0.1:8080 10.1.0.2:8080',
      '10.1.0.1:8080 10.1.0.2:8080',
      '',
      '',
    ]);
  });

  it.each([
    [['b', 'a'], '10.2.0.1:8080'],
    [['*'], '10.1.0.1:8080'],
    [['own'], ''],
  ])('of a name without a namespace are looked for at home first, then in %j', async (namespaces, elsewhere) => {
    const { services, slices, known, shown } = await cluster({ namespaces });
    services.put(service('a', 'web'), service('b', 'web'));
    slices.put(slice('a', 'web', '10.1.0.1'), slice('b', 'web', '10.2.0.1'), slice('own', 'web', '10.0.0.1'));
    known();
    expect(shown('web')).toBe(elsewhere);
    services.put(service('own', 'web'));
    expect(shown('web')).toBe('10.0.0.1:8080');
    services.remove('own', 'web');
    expect(shown('web')).toBe(elsewhere);
  });

  it('are the same array until they change', async () => {
    const { services, slices, instances, known } = await cluster();
    services.put(service('own', 'web'), service('own', 'other'));
    slices.put(slice('own', 'web', '10.0.0.1'));
    known();
    let told = 0;
    instances.onChange(() => told++);
    const first = instances.instancesOf('web');
    slices.put(slice('own', 'other', '10.9.9.9'));
    services.put(service('own', 'web', { changed: 'yes' }));
    expect(instances.instancesOf('web')).toBe(first);
    slices.put(slice('own', 'web', '10.0.0.1', '10.0.0.2'));
    expect(instances.instancesOf('web')).not.toBe(first);
    slices.remove('own', 'web-1');
    expect(instances.instancesOf('web')).toEqual([]);
    expect(told).toBe(4);
  });

  it('are, before anything could be read, whoever the cluster’s DNS names', async () => {
    const { services, slices, known, shown } = await cluster();
    expect(['web.shop:80', 'web:8080', 'web', 'web:http', 'web.unwatched:80'].map(shown)).toEqual([
      'web.shop.svc',
      'web.own.svc:8080',
      '',
      '',
      '',
    ]);
    services.put(service('shop', 'web'));
    slices.put(slice('shop', 'web', '10.1.0.1'));
    known();
    expect(['web.shop:80', 'web:8080'].map(shown)).toEqual(['10.1.0.1:8080', '']);
  });
});

describe('the names of Services', () => {
  it('are those that the selector takes and that have a port to go to, with their namespace if it is another', async () => {
    const { services, instances } = await cluster({ namespaces: ['own', 'shop'], selector: 'edge=yes' });
    const edge = { edge: 'yes' };
    services.put(
      service('own', 'b', edge),
      service('own', 'a', edge),
      service('shop', 'c', edge),
      service('else', 'd', edge),
      service('own', 'e'),
      service('own', 'f', edge, ['x', 1], ['y', 2]),
    );
    expect(instances.names).toEqual(['a', 'b', 'c.shop']);
    services.remove('own', 'a');
    expect(instances.names).toEqual(['b', 'c.shop']);
  });

  it('are told to the configuration when they change, and not when instances do', async () => {
    const { services, slices, instances } = await cluster();
    const known = new ProxiedServices(
      new CombinedServiceInstances(new StaticServiceInstances({ old: ['a:1'] }), instances),
    );
    const told: string[] = [];
    const end = known.onChange(() => told.push(known.names.join(' ')));
    services.put(service('own', 'a'));
    slices.put(slice('own', 'a', '10.0.0.1'));
    services.put(service('own', 'a', { more: 'labels' }));
    services.put(service('own', 'b'));
    services.remove('own', 'a');
    end();
    services.remove('own', 'b');
    expect(told).toEqual(['old a', 'old a b', 'old b']);
  });

  it('give way to those of the bootstrap file', async () => {
    const { services, slices, instances, known } = await cluster();
    services.put(service('own', 'web'), service('own', 'api'));
    slices.put(slice('own', 'web', '10.0.0.1'), slice('own', 'api', '10.0.0.2'));
    known();
    const both = new CombinedServiceInstances(
      new StaticServiceInstances({ web: ['http://static:1'], old: ['a:1'] }),
      instances,
    );
    expect(both.names).toEqual(['web', 'old', 'api']);
    const hosts = ['web', 'web:80', 'api', 'old'].map((name) =>
      both
        .instancesOf(name)
        .map(({ host }) => host)
        .join(),
    );
    expect(hosts).toEqual(['static', 'static', '10.0.0.2', 'a']);
  });
});
