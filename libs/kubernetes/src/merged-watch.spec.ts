import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from './kubernetes-object.js';
import { MergedWatch, type ObjectWatch } from './merged-watch.js';
import type { ResourceListener } from './resource-watch.js';

/** Tells what a test wants told. */
class ToldWatch implements ObjectWatch<KubernetesObject> {
  readonly objects = new Map<string, KubernetesObject>();
  resourceVersion = '';
  told!: ResourceListener<KubernetesObject>;

  start(listener: ResourceListener<KubernetesObject>): Promise<void> {
    this.told = listener;
    return Promise.resolve();
  }

  relist(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

function inNamespace(namespace: string, name: string): KubernetesObject {
  return { metadata: { namespace, name } };
}

async function started(): Promise<{
  a: ToldWatch;
  b: ToldWatch;
  merged: MergedWatch<KubernetesObject>;
  told: string[];
}> {
  const [a, b] = [new ToldWatch(), new ToldWatch()];
  const merged = new MergedWatch([a, b]);
  const told: string[] = [];
  await merged.start({
    synced: (objects) => void told.push(`synced ${[...objects.keys()].join(' ')}`),
    changed: ({ upserted, removed }) => void told.push(`changed ${upserted.length} ${removed.length}`),
    down: (reason) => void told.push(`down ${reason}`),
    up: () => void told.push('up'),
  });
  return { a, b, merged, told };
}

describe('watches as one', () => {
  it('know all when each of them does', async () => {
    const { a, b, merged, told } = await started();
    a.told.changed({ upserted: [inNamespace('a', 'x')], removed: [] });
    a.told.synced(new Map());
    b.told.changed({ upserted: [inNamespace('b', 'x'), inNamespace('b', 'y')], removed: [] });
    b.told.synced(new Map());
    b.told.changed({ upserted: [], removed: [inNamespace('b', 'y')] });
    expect(told).toEqual(['changed 1 0', 'changed 2 0', 'synced a/x b/x b/y', 'changed 0 1']);
    expect([...merged.objects.keys()]).toEqual(['a/x', 'b/x']);
  });

  it('are down as long as one of them is', async () => {
    const { a, b, told } = await started();
    a.told.down('first');
    b.told.down('second');
    a.told.up();
    b.told.up();
    expect(told).toEqual(['down first', 'up']);
  });

  it('have the newest revision of all', async () => {
    const { a, b, merged } = await started();
    [a.resourceVersion, b.resourceVersion] = ['999', '1000'];
    expect(merged.resourceVersion).toBe('1000');
  });

  it('know all at once where there is none', async () => {
    let synced = 0;
    const listener = {
      synced: () => void synced++,
      changed: () => undefined,
      down: () => undefined,
      up: () => undefined,
    };
    await new MergedWatch([]).start(listener);
    expect(synced).toBe(1);
  });
});
