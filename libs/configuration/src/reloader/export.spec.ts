import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_TYPES, idProblem, type Json, type JsonObject } from '@tigateway/model';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { InMemorySource, type RunningPipeline, runningPipeline } from '../../../../test/builders/running-pipeline.js';
import { keyFromText } from '../planner/key-from-text.js';
import type { WriteRequest } from './configuration-api.js';

const ENVIRONMENT = { HOME: '/home/secret', X: 'replaced', A_B: 'replaced' };

let folder: string;
let made: RunningPipeline;
let read: RunningPipeline;
const file = new InMemorySource();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tigateway-export-'));
  made = await runningPipeline(join(folder, 'made'), new InMemorySource(), { environment: ENVIRONMENT });
  read = await runningPipeline(join(folder, 'read'), file, { environment: ENVIRONMENT });
});

afterAll(async () => {
  await made.stop();
  await read.stop();
  rmSync(folder, { recursive: true, force: true });
});

const isId = (id: string): boolean => idProblem(id) === undefined;
const quirky = fc.constantFrom(
  'a.b',
  '1',
  'x[0]',
  'true',
  'null',
  '~',
  '#',
  'a: b',
  '- a',
  '${X}',
  ' a ',
  'é',
  '*',
  'routes',
);
const ids = fc.oneof(quirky, fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter(isId));
const texts = fc.oneof(
  fc.constantFrom(
    '${X}',
    '$\\{X}',
    '${X:default}',
    '${a.b}',
    '${HOME',
    '$${X}',
    '${a${X}}',
    '${:$}{X}',
    'a: b',
    '#',
    '***',
    'yes',
    '1e3',
  ),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
);
const refused = new Set(['__proto__', 'constructor', 'prototype']);
const names = texts.filter((name) => !refused.has(name));
const contents: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    texts,
    fc.integer(),
    // -0 is written as 0, as RFC 8785 has it.
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(names, tie('json'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).json;

const KNOWN_GLOBALS = /^(cors|httpclient|default-filters|update-policy|notification|metrics|access-log)$/;

const written: fc.Arbitrary<WriteRequest[]> = fc
  .tuple(
    fc.dictionary(ids, fc.tuple(texts, fc.integer({ min: -9, max: 9 })), { maxKeys: 4 }),
    fc.dictionary(ids, texts, { maxKeys: 3 }),
    fc.dictionary(
      ids.filter((id) => !KNOWN_GLOBALS.test(id)),
      contents.filter((content) => content !== null),
      { maxKeys: 4 },
    ),
  )
  .map(([routes, filters, globals]) => [
    ...Object.entries(routes).map(([id, [text, order]]) =>
      put('route', id, { id, uri: 'no://op', order, predicates: ['Path=/x/**'], metadata: { text } }),
    ),
    ...Object.entries(filters).map(([id, text]) =>
      put('filter', id, { id, name: 'RedirectTo', args: { status: 302, url: `/?${encodeURI(text)}` }, routes: ['a*'] }),
    ),
    ...Object.entries(globals).map(([id, content]) => put('global', id, content)),
  ]);

function put(configType: WriteRequest['configType'], configId: string, configuration: Json): WriteRequest {
  return { op: 'upsert', configType, configId, configuration };
}

/** Everything that runs, by type and id. */
async function running({ pipeline }: RunningPipeline): Promise<Record<string, Json>> {
  const all = (await Promise.all(CONFIG_TYPES.map((type) => pipeline.list(type)))).flat();
  return Object.fromEntries(
    all.map(({ configType, configId, configuration }) => [`${configType}:${configId}`, configuration]),
  );
}

describe('an export', () => {
  it.each([
    ['JSON', JSON.stringify],
    ['YAML', (document: Json) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })],
  ])('as %s, read by the file source, is what it was made from', async (_, textOf) => {
    await fc.assert(
      fc.asyncProperty(written, async (requests) => {
        const gone = Object.keys(await running(made)).map((text): WriteRequest => ({
          op: 'delete',
          ...keyFromText(text),
        }));
        await made.pipeline.write(gone, { actor: 'tester' });
        await made.pipeline.write(requests, { actor: 'tester' });
        await file.change({ 'export.yaml': textOf(await made.pipeline.export()) });
        expect((await read.pipeline.status()).sources.flatMap(({ rejected }) => rejected)).toEqual([]);
        expect(await running(read)).toEqual(await running(made));
        expect(await read.pipeline.export()).toEqual(await made.pipeline.export());
      }),
      { numRuns: 60 },
    );
  });

  it('leaves the placeholders that an operator wrote into a policy', async () => {
    const notification: JsonObject = { webhook: { enabled: false, url: 'https://${X}/' } };
    const text = JSON.stringify({ notification });
    await file.change({ 'export.yaml': undefined, 'notification.yaml': text });
    expect(await read.pipeline.export()).toMatchObject({ globals: { notification } });
  });
});
