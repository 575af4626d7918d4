import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationKey, Json } from '@tigateway/model';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { InMemorySource, type RunningPipeline, runningPipeline } from '../../../../test/builders/running-pipeline.js';

const A: ConfigurationKey = { configType: 'route', configId: 'a' };

let directory: string;
let source: InMemorySource;
let running: RunningPipeline;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-conflicts-'));
  source = new InMemorySource();
  running = await runningPipeline(directory, source);
});

afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

function route(id: string, uri: string): Json {
  return { id, uri, predicates: [`Path=/${id}/**`] };
}

async function write(id: string, uri: string): Promise<void> {
  await running.pipeline.write([{ ...A, configId: id, op: 'upsert', configuration: route(id, uri) }], { actor: 'x' });
}

it('lists what several sources define, with winner, losers and where they stand', async () => {
  const two = [route('z', 'http://file.test'), route('a', 'http://file.test'), route('alone', 'http://file.test')];
  await source.change({ 'f.yaml': JSON.stringify({ routes: two }) });
  await write('z', 'http://api.test');
  await write('a', 'http://file.test');
  const conflicts = await running.pipeline.conflicts();
  expect(conflicts).toMatchObject([
    {
      configType: 'route',
      configId: 'a',
      rule: 'precedence',
      winner: { source: 'api', position: { document: 'route:a' } },
      losers: [{ source: 'file', position: { document: 'f.yaml', line: 1 } }],
    },
    { configId: 'z' },
  ]);
  const [a, z] = conflicts;
  expect(a?.winner.hash === a?.losers[0]?.hash).toBe(true);
  expect(z?.winner.hash === z?.losers[0]?.hash).toBe(false);
  await running.pipeline.write([{ ...A, op: 'delete' }], { actor: 'x' });
  expect((await running.pipeline.conflicts()).map(({ configId }) => configId)).toEqual(['z']);
});

it('names the hold that decides', async () => {
  await running.stop();
  running = await runningPipeline(directory, source, { precedence: ['file', 'api'] });
  await source.change({ 'f.yaml': JSON.stringify({ routes: [route('a', 'http://one.test')] }) });
  const first = running.pipeline.get(A)?.version as string;
  await source.change({ 'f.yaml': JSON.stringify({ routes: [route('a', 'http://two.test')] }) });
  await write('a', 'http://api.test');
  await running.pipeline.rollback(A, first, { actor: 'x' });
  expect(await running.pipeline.conflicts()).toMatchObject([
    { configId: 'a', rule: 'held', winner: { source: 'file' }, losers: [{ source: 'api' }] },
  ]);
});
