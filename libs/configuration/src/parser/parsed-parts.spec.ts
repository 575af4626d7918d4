import { describe, expect, it } from 'vitest';
import type { ParsedObject, Problem } from '@tigateway/model';
import { PartAdoption, partsOf } from './parsed-parts.js';

const position = { source: 'file', document: 'x', line: 1, column: 1 };

function object(configId: string, size: number): ParsedObject {
  return { configType: 'global', configId, configuration: Array(size).fill('x'), pointer: '', position };
}

describe('partsOf', () => {
  it('hands over everything, in order, in parts of bounded size', () => {
    const objects = Array.from({ length: 1_000 }, (_, index) => object(`o${index}`, index % 40));
    const problems = Array.from({ length: 500 }, (_, index): Problem => ({
      pointer: `/${index}`,
      code: 'c',
      message: '',
    }));
    const parts = [...partsOf({ objects, problems, warnings: problems.slice(0, 3) })];
    expect(parts.flatMap((part) => part.objects)).toEqual(objects);
    expect(parts.flatMap((part) => part.problems)).toEqual(problems);
    expect(parts.flatMap((part) => part.warnings)).toEqual(problems.slice(0, 3));
    for (const part of parts) {
      expect(part.objects.reduce((sum, { configuration }) => sum + (configuration as []).length, 0)).toBeLessThan(
        2_100,
      );
      expect(part.problems.length).toBeLessThanOrEqual(200);
    }
  });

  it('has no part for a document that says nothing', () => {
    expect([...partsOf({ objects: [], problems: [], warnings: [] })]).toEqual([]);
  });
});

describe('PartAdoption', () => {
  it('gives back an equal object that inherits nothing', () => {
    const cloned = structuredClone({
      ...object('a', 0),
      configuration: { list: [{ a: 'b' }], n: null, long: 'l'.repeat(100) },
    });
    const adopted = new PartAdoption().adopt(cloned);
    expect(adopted).toEqual(cloned);
    expect('toString' in (adopted.configuration as object)).toBe(false);
  });
});
