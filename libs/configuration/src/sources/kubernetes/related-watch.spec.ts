import type { KubernetesObject } from '@tigateway/kubernetes';
import { describe, expect, it } from 'vitest';
import { RelatedWatch } from './related-watch.js';
import { ToldWatch } from './told-watch.fixture.js';

interface Pet extends KubernetesObject {
  readonly owner: string;
}

const pet = (name: string, owner: string): Pet => ({ metadata: { name, namespace: 'n' }, owner });
const person = (name: string): KubernetesObject => ({ metadata: { name } });

function watched() {
  const [pets, people] = [new ToldWatch<Pet>(), new ToldWatch<KubernetesObject>()];
  const told: string[] = [];
  const watch = new RelatedWatch(
    pets,
    [{ watch: people, keysFor: ({ owner }) => [owner] }],
    () => void told.push('related'),
  );
  const started = watch.start({
    synced: (objects) => void told.push(`synced ${objects.size}`),
    changed: ({ upserted, removed }) =>
      void told.push(
        [
          ...upserted.map(({ metadata }) => `+${metadata.name}`),
          ...removed.map((each) => `-${each.metadata.name}`),
        ].join(' '),
      ),
    down: (reason) => void told.push(`down ${reason}`),
    up: () => void told.push('up'),
  });
  return { pets, people, told, watch, started };
}

describe('objects that depend on others', () => {
  it('are told of once everything is known, then again when it concerns them', async () => {
    const { pets, people, told, watch, started } = watched();
    pets.list(pet('cat', 'ann'), pet('dog', 'bob'));
    people.down('no rights');
    people.up();
    expect(told).toEqual(['down no rights', 'up']);
    people.list(person('ann'));
    await started;
    people.put(person('bob'));
    people.put(person('nobody'));
    await watch.relist();
    pets.remove('n/cat');
    people.remove('ann');
    await watch.relist();
    expect(told.slice(2)).toEqual([
      'related',
      '+cat +dog',
      'synced 2',
      'related',
      'related',
      'synced 2',
      '+dog',
      '-cat',
      'related',
      'synced 1',
    ]);
  });

  it('are told of in parts where it concerns many, but for those that have gone', async () => {
    const { pets, people, told, watch, started } = watched();
    pets.list(...Array.from({ length: 250 }, (_, at) => pet(`p${at}`, 'ann')));
    people.list();
    await started;
    people.put(person('ann'));
    pets.remove('n/p249');
    await watch.relist();
    const parts = told.filter((text) => text.startsWith('+')).map((text) => text.split(' ').length);
    expect(parts).toEqual([250, 100, 100, 49]);
  });
});
