import { describe, expect, it } from 'vitest';
import { type RowChange, rowChanges, rowsOfText, rowsText } from './store-rows.js';

describe('rows as one text', () => {
  const version = {
    configType: 'route',
    configId: 'a\n\u2028b',
    version: 'v1767225600000',
    configuration: { id: 'a', note: 'two\nlines, "quotes" and \u2028' },
    timestamp: '2026-01-01T00:00:00.000Z',
    hash: 'sha256-x',
    operation: 'create',
    source: 'file',
    actor: 'file',
  } as const;

  it('come out as they went in', () => {
    const changes: readonly RowChange[] = [
      ...rowChanges({
        removeDocuments: [{ source: 'file', name: 'a b.yml' }],
        versions: [version],
        removePending: ['p1'],
      }),
    ];
    expect(changes).toHaveLength(3);
    expect(rowsOfText(rowsText(changes))).toEqual(changes);
    expect(rowsOfText(rowsText(changes.slice(0, 1)))).toEqual(changes.slice(0, 1));
    expect(rowsOfText(rowsText([]))).toEqual([]);
  });
});
