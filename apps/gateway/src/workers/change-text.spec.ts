import type { Change, Configured, Json } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { readChanges, writtenChanges } from './change-text.js';

const configured = (configuration: Json, hash: string): Configured => ({
  configuration,
  hash,
  source: 'api',
  position: { source: 'api', document: 'secret.yaml', line: 1, column: 2 },
  rank: [1, 'a', 2],
});

async function sent(changes: Iterable<Change>): Promise<{ parts: number; changes: Change[] }> {
  const read: Change[] = [];
  let parts = 0;
  let ended = false;
  for await (const { part, isLast } of writtenChanges(changes)) {
    expect(ended).toBe(false);
    ended = isLast;
    parts++;
    read.push(...readChanges(part));
  }
  expect(ended).toBe(true);
  return { parts, changes: read };
}

describe('a change that is sent to workers', () => {
  it('arrives with all that a snapshot is compiled from, and no more', async () => {
    const { changes } = await sent([
      { op: 'upsert', configType: 'route', configId: 'new', next: configured({ id: 'new', uri: 'no://op' }, 'h1') },
      {
        op: 'upsert',
        configType: 'filter',
        configId: 'changed',
        previous: configured({ was: 'there' }, 'h1'),
        next: configured({ is: '${NAME}' }, 'h2'),
      },
      { op: 'delete', configType: 'global', configId: 'cors', previous: configured(null, 'h3') },
    ]);
    expect(changes).toMatchObject([
      {
        op: 'upsert',
        configType: 'route',
        configId: 'new',
        next: { configuration: { id: 'new', uri: 'no://op' }, hash: 'h1', rank: [1, 'a', 2] },
      },
      { op: 'upsert', configId: 'changed', previous: { hash: 'h1' }, next: { hash: 'h2' } },
      { op: 'delete', configType: 'global', configId: 'cors', previous: { hash: 'h3' } },
    ]);
    expect(changes[0]).not.toHaveProperty('previous');
    expect(JSON.stringify(changes)).not.toMatch(/secret\.yaml|was/);
  });

  it('of nothing is told too', async () => {
    expect(await sent([])).toEqual({ parts: 1, changes: [] });
  });

  it('that is large comes in parts, in order', async () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => `route-${index}`);
    const all = ids.map((configId): Change => {
      const next = configured({ id: configId, uri: 'http://upstream.example:8080' }, configId);
      return { op: 'upsert', configType: 'route', configId, next };
    });
    const { parts, changes } = await sent(all);
    expect(parts).toBeGreaterThan(3);
    expect(changes.map(({ configId }) => configId)).toEqual(ids);
  });
});
