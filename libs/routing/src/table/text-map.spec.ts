import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextMap } from './text-map.js';

type Value = { readonly number: number };
type Edits = ReadonlyMap<string, Value | undefined>;

function edited(map: TextMap<Value> | undefined, edits: Edits): { map: TextMap<Value> | undefined; pauses: number } {
  const work = TextMap.edited(map, edits);
  for (let pauses = 0; ; pauses++) {
    const step = work.next();
    if (step.done) return { map: step.value, pauses };
  }
}

const KEYS = Array.from({ length: 200 }, (_, at) => `key-${at}`);
const edits = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), fc.option(fc.record({ number: fc.nat() }), { nil: undefined })), {
    maxLength: 120,
  })
  .map((pairs): Edits => new Map(pairs));

describe('TextMap', () => {
  it('is what its edits made of it, and every older version stays what it was', () => {
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 12 }), (all) => {
        let map: TextMap<Value> | undefined;
        const model = new Map<string, Value>();
        const versions: [TextMap<Value> | undefined, Map<string, Value>][] = [];
        for (const each of all) {
          map = edited(map, each).map;
          for (const [key, value] of each) {
            if (value === undefined) model.delete(key);
            else model.set(key, value);
          }
          versions.push([map, new Map(model)]);
        }
        for (const [version, expected] of versions) {
          expect(version?.size ?? 0).toBe(expected.size);
          for (const key of KEYS) expect(version?.get(key)).toBe(expected.get(key));
        }
      }),
    );
  });

  it('pauses while it is made, and hardly does anything for a small change', () => {
    const large = new Map(Array.from({ length: 20_000 }, (_, at) => [`key-${at}`, { number: at }]));
    const { map, pauses } = edited(undefined, large);
    expect(pauses).toBeGreaterThan(15);
    expect(edited(map, new Map([['key-7', undefined]]))).toMatchObject({ map: { size: 19_999 }, pauses: 0 });
  });
});
