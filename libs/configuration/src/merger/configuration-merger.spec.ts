import { keyText, type ParsedObject } from '@tigateway/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationMerger } from './configuration-merger.js';
import { type AcceptedDocument, type DesiredState, EMPTY_DESIRED_STATE } from './desired-state.js';

const SOURCES = ['api', 'crd', 'file'];
const merger = new ConfigurationMerger(SOURCES);

function document(source: string, name: string, contents: Readonly<Record<string, number>>): AcceptedDocument {
  const objects = Object.entries(contents).map(([configId, uri], index): ParsedObject => ({
    configType: 'route',
    configId,
    configuration: { id: configId, uri },
    pointer: `/routes/${index}`,
    position: { source, document: name, line: index + 1, column: 1 },
  }));
  return { source, name, orderKey: name, objects };
}

async function merged(documents: readonly AcceptedDocument[], state = EMPTY_DESIRED_STATE): Promise<DesiredState> {
  for (const each of documents)
    state = (await merger.merge(state, { source: each.source, put: [each], remove: [] })).state;
  return state;
}

function winners({ candidates }: DesiredState): Record<string, string> {
  return Object.fromEntries([...candidates].map(([key, [first]]) => [key, `${first?.source} ${first?.hash}`]));
}

const documents = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom(...SOURCES),
      fc.constantFrom('a', 'b', 'c'),
      fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: 0, max: 3 })),
    )
    .map(([source, name, contents]) => document(source, name, contents)),
  { selector: ({ source, name }) => `${source}/${name}` },
);

describe('ConfigurationMerger', () => {
  it('gives the same state whatever order documents come in', async () => {
    const orders = documents.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    await fc.assert(
      fc.asyncProperty(orders, async ([one, other]) => {
        const [left, right] = [await merged(one), await merged(other)];
        expect(winners(left)).toEqual(winners(right));
      }),
    );
  });

  it('forgets what came and went', async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (all) => {
        let state = await merged(all);
        for (const { source, name } of all)
          state = (await merger.merge(state, { source, put: [], remove: [name] })).state;
        expect([state.candidates.size, state.documents.size]).toEqual([0, 0]);
      }),
    );
  });

  it('looks at what a document changed alone, and gives what the new one would give by itself', async () => {
    const contents = fc.dictionary(fc.constantFrom('v', 'w', 'x', 'y', 'z'), fc.integer({ min: 0, max: 3 }));
    await fc.assert(
      fc.asyncProperty(contents, contents, async (first, second) => {
        const before = document('file', 'f', first);
        const fresh = document('file', 'f', second);
        // As an intake does: what is the same in the same place is the very object of before.
        const objects = fresh.objects.map((object, index) => {
          const older = before.objects[index];
          return older && JSON.stringify(older) === JSON.stringify(object) ? older : object;
        });
        const put = [{ ...fresh, objects }];
        const { state, touched } = await merger.merge(await merged([before]), { source: 'file', put, remove: [] });
        expect(state.candidates.toJS()).toEqual((await merged([fresh])).candidates.toJS());
        const kept = new Set(objects.filter((object, index) => object === before.objects[index]).map(keyText));
        const all = new Set([...before.objects, ...objects].map(keyText));
        expect([...touched].sort()).toEqual([...all].filter((key) => !kept.has(key)).sort());
      }),
    );
  });

  it('lets the first source win and brings the shadowed one back', async () => {
    const both = await merged([document('file', 'f', { x: 1 }), document('api', 'p', { x: 2 })]);
    expect(both.candidates.get('route:x')?.map(({ source }) => source)).toEqual(['api', 'file']);
    const { state, touched } = await merger.merge(both, { source: 'api', put: [], remove: ['p'] });
    expect(state.candidates.get('route:x')?.map(({ source }) => source)).toEqual(['file']);
    expect([...touched]).toEqual([keyText({ configType: 'route', configId: 'x' })]);
  });
});
