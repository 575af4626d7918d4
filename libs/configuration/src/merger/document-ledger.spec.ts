import type { ParsedObject } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { DocumentLedger } from './document-ledger.js';

function objects(document: string, ids: string): ParsedObject[] {
  return [...ids].map((configId, index) => ({
    configType: 'route',
    configId,
    configuration: { id: configId },
    pointer: `/routes/${index}`,
    position: { source: 'file', document, line: index + 1, column: 1 },
  }));
}

/** `a=xy` puts document `a` with the ids `x` and `y`; `a=` alone removes it. */
async function rejectedAfter(steps: readonly string[]): Promise<string[]> {
  const ledger = new DocumentLedger('file');
  for (const step of steps) {
    const [name = '', ids = ''] = step.split('=');
    if (ids === '') await ledger.remove(name);
    else await ledger.put({ name, objects: objects(name, ids) });
  }
  return [...ledger.doubleIds().keys()];
}

describe('DocumentLedger', () => {
  it.each<[what: string, steps: string[], rejected: string[]]>([
    ['documents that share nothing', ['a=x', 'b=y'], []],
    ['the later name', ['a=x', 'b=x'], ['b']],
    ['the later name, had it come first', ['b=x', 'a=x'], ['b']],
    ['all but the first of three', ['c=x', 'b=x', 'a=x'], ['b', 'c']],
    ['not what only a rejected one contests', ['c=y', 'b=xy', 'a=x'], ['b']],
    ['nobody once the rival is gone', ['a=x', 'b=x', 'a='], []],
    ['nobody once the rival names it no more', ['a=x', 'b=x', 'a=z'], []],
    ['the one that is left of three', ['a=x', 'b=x', 'c=x', 'a='], ['c']],
    ['the later name after a rival came back', ['a=x', 'b=x', 'a=', 'a=x'], ['b']],
  ])('rejects %s', async (_, steps, rejected) => {
    expect(await rejectedAfter(steps)).toEqual(rejected);
  });

  it('names both places', async () => {
    const ledger = new DocumentLedger('file');
    await ledger.put({ name: 'a', objects: objects('a', 'x') });
    await ledger.put({ name: 'b', objects: objects('b', 'yx') });
    expect(ledger.doubleIds().get('b')).toMatchObject([
      { pointer: '/routes/1/id', code: 'duplicate-id', message: expect.stringContaining('a:1:1 and b:2:1') as string },
    ]);
  });
});
