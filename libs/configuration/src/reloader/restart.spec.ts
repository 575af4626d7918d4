import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigurationKey, hashOf, type Json } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  InMemorySource,
  type PipelineSettings,
  type RunningPipeline,
  runningPipeline,
} from '../../../../test/builders/running-pipeline.js';

const A: ConfigurationKey = { configType: 'route', configId: 'a' };

let directory: string;
let source: InMemorySource;
let running: RunningPipeline;

function route(uri: string): Json {
  return { id: 'a', uri, predicates: ['Path=/a/**'] };
}

function file(...routes: Json[]): string {
  return JSON.stringify({ routes });
}

async function restart(settings: PipelineSettings = {}): Promise<void> {
  await running.stop();
  running = await runningPipeline(directory, source, { clock: running.clock, ...settings });
}

async function write(configuration: Json): Promise<void> {
  await running.pipeline.write([{ ...A, op: 'upsert', configuration }], { actor: 'tester' });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-restart-'));
  source = new InMemorySource();
  running = await runningPipeline(directory, source);
});

afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a start that puts something else in force than what ran', () => {
  it('because the precedence has changed is recorded and told', async () => {
    await source.change({ 'f.yaml': file(route('http://file.test')) });
    await write(route('http://api.test'));
    await restart({ precedence: ['file', 'api'] });
    const now = running.pipeline.get(A);
    expect(now).toMatchObject({ source: 'file', configuration: { uri: 'http://file.test' } });
    const [newest] = await running.store.versions(A);
    expect(newest).toMatchObject({ version: now?.version, operation: 'update', source: 'file', actor: 'start' });
    expect(running.events).toMatchObject([
      { type: 'configuration_update', facts: { version: now?.version, previous: { uri: 'http://api.test' } } },
    ]);
    await restart({ precedence: ['file', 'api'] });
    expect(running.pipeline.get(A)?.version).toBe(now?.version);
    expect(running.events).toEqual([]);
  });

  it('because the API is switched off serves nothing of it, and all of it again once it is back', async () => {
    await write(route('http://api.test'));
    await restart({ apiEnabled: false });
    expect(running.pipeline.get(A)).toBeUndefined();
    expect(running.routes.route('a')).toBeUndefined();
    expect(await running.store.versions(A)).toMatchObject([
      { operation: 'delete', configuration: null, source: 'api', actor: 'start' },
      { operation: 'create' },
    ]);
    expect(running.events).toMatchObject([{ type: 'configuration_delete', facts: { configId: 'a' } }]);
    await restart();
    expect(running.pipeline.get(A)).toMatchObject({ configuration: { uri: 'http://api.test' } });
    expect((await running.store.versions(A))[0]).toMatchObject({ operation: 'create', actor: 'start' });
  });

  it('because a hold is no longer valid serves what the source says', async () => {
    await source.change({ 'f.yaml': file(route('http://one.test')) });
    await running.store.commit({
      putHolds: [
        {
          ...A,
          source: 'file',
          barredHash: hashOf(route('http://one.test')),
          configuration: { id: 'a', uri: 'http://old.test', predicates: ['Forgotten=1'] },
          version: 'v1',
          reason: 'an older release',
        },
      ],
    });
    await restart();
    expect(running.pipeline.get(A)).toMatchObject({ configuration: { uri: 'http://one.test' } });
    expect((await running.pipeline.status()).held).toEqual([]);
    await restart();
    expect((await running.pipeline.status()).drift).toBe(false);
  });
});

describe('the status', () => {
  it('says when the last update was refused, and why', async () => {
    await source.change({ 'f.yaml': file(route('http://one.test')) });
    await source.change({ 'f.yaml': file({ id: 'a' }) });
    expect((await running.pipeline.status()).lastUpdate).toMatchObject({
      outcome: 'rejected',
      source: 'file',
      changes: 0,
    });
    await write(route('http://two.test'));
    expect((await running.pipeline.status()).lastUpdate).toMatchObject({ outcome: 'applied' });
    await expect(write({ id: 'a' })).rejects.toThrow('"uri" is required');
    expect((await running.pipeline.status()).lastUpdate).toMatchObject({ outcome: 'rejected', source: 'api' });
  });
});

describe('a write under a hold', () => {
  it('is not shadowed by what the hold keeps out', async () => {
    await restart({ precedence: ['file', 'api'] });
    await source.change({ 'f.yaml': file(route('http://one.test')) });
    const first = running.pipeline.get(A)?.version as string;
    await source.change({ 'f.yaml': undefined });
    const gone = (await running.store.versions(A))[0]?.version as string;
    await source.change({ 'f.yaml': file(route('http://two.test')) });
    await running.pipeline.rollback(A, gone, { actor: 'tester' });
    expect(running.pipeline.get(A)).toBeUndefined();
    const outcome = await running.pipeline.write([{ ...A, op: 'upsert', configuration: route('http://api.test') }], {
      actor: 'tester',
    });
    expect(outcome).toMatchObject({ kind: 'applied' });
    expect(outcome.kind === 'applied' && [...outcome.shadowedBy]).toEqual([]);
    expect(running.pipeline.get(A)).toMatchObject({ source: 'api' });
    expect(first).not.toBe(gone);
  });
});

describe('a rollback', () => {
  it('asks for the version in force in the same step in which it is made', async () => {
    await write(route('http://one.test'));
    const [first] = await running.store.versions(A);
    const version = first?.version as string;
    await write(route('http://two.test'));
    const current = running.pipeline.get(A)?.version as string;
    const both = await Promise.allSettled([
      write(route('http://three.test')),
      running.pipeline.rollback(A, version, { actor: 'tester', ifMatch: current }),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(running.pipeline.get(A)).toMatchObject({ configuration: { uri: 'http://three.test' } });
  });

  it('is refused where the update policy switches rollbacks off', async () => {
    await restart({ policy: { rollback: { enabled: false } } });
    await write(route('http://one.test'));
    const version = running.pipeline.get(A)?.version as string;
    await write(route('http://two.test'));
    await expect(running.pipeline.rollback(A, version, { actor: 'tester' })).rejects.toMatchObject({
      problems: [{ code: 'rollback-disabled' }],
    });
  });
});
