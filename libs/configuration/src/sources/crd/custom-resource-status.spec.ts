import { ConfigurationDeleteEvent, hashOf, type Json, RoutesRefreshedEvent } from '@tigateway/model';
import type { ObjectPatch, ResourceType } from '@tigateway/kubernetes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectBus } from '../../../../../test/builders/direct-bus.js';
import { FakeClock } from '../../../../../test/builders/fake-clock.js';
import { InMemoryConfiguration } from '../../../../../test/builders/in-memory-configuration.js';
import type { SourceStatus } from '../../reloader/configuration-api.js';
import type { CustomResource } from './custom-resource.js';
import { CustomResourceStatus } from './custom-resource-status.js';
import { JudgedResources } from './judged-resources.js';

/** What the gateway has made of custom resources, set by hand; counts how often all of it is looked at. */
class Configuration extends InMemoryConfiguration {
  looks = 0;
  readonly rejected: SourceStatus['rejected'][number][] = [];

  override sources(): SourceStatus[] {
    this.looks++;
    return [{ name: 'crd', state: 'up', documents: 0, rejected: this.rejected }];
  }

  run(name: string, configuration: Json = ROUTE): void {
    const position = { source: 'crd', document: `TiGatewayRoute/n/${name}`, line: 0, column: 0 };
    const key = { configType: 'route', configId: name } as const;
    const hash = hashOf({ ...(configuration as object), id: name });
    this.inForce.set(`route:${name}`, { ...key, configuration, hash, source: 'crd', position, version: 'v1' });
  }
}

const ROUTE = { uri: 'http://a.test' };

function resource(name: string, generation = 1, status?: unknown): CustomResource {
  const spec = { route: { ...ROUTE, id: name } };
  return {
    metadata: { namespace: 'n', name, uid: `uid-${name}`, generation },
    spec,
    ...(status !== undefined && { status }),
  };
}

let clock: FakeClock;
let bus: DirectBus;
let configuration: Configuration;
let judged: JudgedResources;
let status: CustomResourceStatus;
let patches: ObjectPatch[];

beforeEach(() => {
  clock = new FakeClock();
  bus = new DirectBus();
  configuration = new Configuration();
  judged = new JudgedResources('tigateway');
  patches = [];
  const client = {
    patch: <T>(_type: ResourceType, patch: ObjectPatch): Promise<T> => {
      patches.push(patch);
      return Promise.resolve({} as T);
    },
  };
  const leadership = { isLeader: true, onChange: () => () => undefined };
  status = new CustomResourceStatus(judged, configuration, {
    client,
    leadership,
    events: bus,
    clock,
    failed: () => undefined,
  });
});

afterEach(() => status.onModuleDestroy());

/** What was written since, as `name Programmed-reason`. */
async function written(afterMs = 0): Promise<string[]> {
  await clock.advanceAsync(afterMs);
  return patches.splice(0).map(({ name, body }) => {
    const { conditions } = (body as { status: { conditions: { type: string; reason: string }[] } }).status;
    return `${name} ${conditions.find(({ type }) => type === 'Programmed')?.reason}`;
  });
}

describe('the status of custom resources', () => {
  it('is applied by name and uid, with the times of its transitions', async () => {
    configuration.run('a');
    judged.settled('TiGatewayRoute', [resource('a')], []);
    await clock.advanceAsync(0);
    expect(patches).toMatchObject([
      {
        name: 'a',
        namespace: 'n',
        subresource: 'status',
        as: 'apply',
        fieldManager: 'tigateway',
        body: {
          metadata: { name: 'a', namespace: 'n', uid: 'uid-a' },
          status: {
            conditions: [
              { type: 'Accepted', status: 'True', observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z' },
              { type: 'Programmed', status: 'True', observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z' },
            ],
          },
        },
      },
    ]);
  });

  it('is not written where the resource says so already', async () => {
    configuration.run('a');
    judged.settled('TiGatewayRoute', [resource('a')], []);
    await clock.advanceAsync(0);
    const said = (patches.splice(0)[0]?.body as { status: unknown }).status;
    configuration.run('b');
    configuration.run('c');
    const before = JSON.parse(JSON.stringify(said).replaceAll('\\"a\\"', '\\"b\\"')) as unknown;
    judged.settled('TiGatewayRoute', [resource('b', 1, before), resource('c', 1, before)], []);
    expect(await written(100)).toEqual(['c Programmed']);
  });

  it('follows what is announced of its id', async () => {
    configuration.run('a');
    judged.settled('TiGatewayRoute', [resource('a')], []);
    expect(await written()).toEqual(['a Programmed']);
    configuration.inForce.delete('route:a');
    const facts = { sequence: 1, timestamp: 0, source: 'crd', version: 'v2', actor: 'x', previous: null };
    bus.publish('configuration.delete', new ConfigurationDeleteEvent({ configType: 'route', configId: 'a', ...facts }));
    expect(await written(100)).toEqual(['a Pending']);
  });

  it('looks at the whole state once for all that happens within a moment', async () => {
    for (let index = 0; index < 200; index++) {
      configuration.run(`r${index}`);
      judged.settled('TiGatewayRoute', [resource(`r${index}`)], []);
    }
    expect(await written(1_000)).toHaveLength(200);
    expect(configuration.looks).toBe(2);
  });

  it('finds what only a sweep can find: soon after a change, and within half a minute of anything else', async () => {
    configuration.run('a');
    judged.settled('TiGatewayRoute', [resource('a')], []);
    expect(await written()).toEqual(['a Programmed']);
    configuration.inForce.delete('route:a');
    bus.publish('routes.refreshed', new RoutesRefreshedEvent(2, 0));
    expect(await written(4_900)).toEqual([]);
    expect(await written(200)).toEqual(['a Pending']);
    configuration.run('a');
    expect(await written(29_000)).toEqual([]);
    expect(await written(2_000)).toEqual(['a Programmed']);
  });

  it('says nothing more of what is gone', async () => {
    configuration.run('a');
    judged.settled('TiGatewayRoute', [resource('a')], []);
    expect(await written()).toEqual(['a Programmed']);
    configuration.inForce.delete('route:a');
    judged.settled('TiGatewayRoute', [], [resource('a')]);
    expect(await written(60_000)).toEqual([]);
  });
});
