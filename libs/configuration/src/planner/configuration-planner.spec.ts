import { type Configured, hashOf, type Json } from '@tigateway/model';
import { Map } from 'immutable';
import { describe, expect, it } from 'vitest';
import type { StoredHold } from '../history/configuration-store.js';
import type { DesiredState } from '../merger/desired-state.js';
import { isRelocation, type Plan, planChanges } from './configuration-planner.js';
import { Running } from './running-state.js';

const KEY = 'route:a';
const PRECEDENCE = ['api', 'file'];

function configured(configuration: Json, source = 'file', line = 1): Configured {
  const rank = [PRECEDENCE.indexOf(source), 'f', line] as const;
  return {
    configuration,
    hash: hashOf(configuration),
    source,
    rank,
    position: POSITIONS[line - 1] as Configured['position'],
  };
}

const POSITIONS = [1, 2, 3].map((line) => ({ source: 'file', document: 'f', line, column: 1 }));

function hold(barred: Json, configuration: Json): StoredHold {
  const facts = { configType: 'route', configId: 'a', source: 'file', version: 'v1', reason: 'bad' } as const;
  return { ...facts, barredHash: hashOf(barred), configuration };
}

function plan(candidates: readonly Configured[], running?: Configured, held?: StoredHold): Promise<Plan> {
  const desired: DesiredState = { documents: Map(), candidates: Map(candidates.length > 0 ? [[KEY, candidates]] : []) };
  const runs = Map<string, Running>(running ? [[KEY, new Running(running, 'v0')]] : []);
  const holds = Map<string, StoredHold>(held ? [[KEY, held]] : []);
  return planChanges(desired, runs, holds, [KEY], (source) => PRECEDENCE.indexOf(source));
}

describe('planChanges', () => {
  it.each<[what: string, candidates: Configured[], running: Configured | undefined, changes: object[]]>([
    ['nothing where nothing differs', [configured(1)], configured(1), []],
    ['nothing where nobody knows the key', [], undefined, []],
    ['an upsert of what is new', [configured(1)], undefined, [{ op: 'upsert', next: { configuration: 1 } }]],
    ['an upsert of what is different', [configured(2)], configured(1), [{ op: 'upsert', next: { configuration: 2 } }]],
    ['a deletion of what nobody defines', [], configured(1), [{ op: 'delete' }]],
    ['the winner alone', [configured(1, 'api'), configured(2)], configured(1, 'api'), []],
  ])('plans %s', async (_, candidates, running, changes) => {
    expect((await plan(candidates, running)).changes).toMatchObject(changes);
  });

  it('knows a mere move', async () => {
    const moved = await plan([configured(1, 'file', 2)], configured(1, 'file', 1));
    expect(moved.changes.map(isRelocation)).toEqual([true]);
    const changed = await plan([configured(2, 'file', 2)], configured(1, 'file', 1));
    expect(changed.changes.map(isRelocation)).toEqual([false]);
  });

  it.each<[what: string, candidates: Configured[], held: StoredHold, runs: Json | undefined, lifted: number]>([
    ['the held content while the source repeats the barred one', [configured(2)], hold(2, 1), 1, 0],
    ['nothing while a deletion is held', [configured(2)], hold(2, null), undefined, 0],
    ['new content, and the hold ends', [configured(3)], hold(2, 1), 3, 1],
    ['the held content while the source has none, as barred', [], hold(null, 1), 1, 0],
    ['nothing once the source drops what was barred', [], hold(2, 1), undefined, 1],
    ['what a stronger source says', [configured(9, 'api'), configured(2)], hold(2, 1), 9, 0],
  ])('runs %s', async (_, candidates, held, runs, lifted) => {
    const made = await plan(candidates, undefined, held);
    expect(made.changes.map((change) => (change.op === 'upsert' ? change.next.configuration : undefined))[0]).toBe(
      runs,
    );
    expect(made.lifted).toHaveLength(lifted);
  });
});
