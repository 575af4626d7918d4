import { RouteCompiler } from '@tigateway/routing';
import { describe, expect, it, vi } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InMemorySource, runningPipeline } from '../../../../test/builders/running-pipeline.js';

function routes(...ids: string[]): string {
  return JSON.stringify({ routes: ids.map((id) => ({ id, uri: 'http://a.test', predicates: [`Path=/${id}`] })) });
}

describe('a delivery that is held back', () => {
  it('stays so while other documents come and go, and ends when its own come again', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tigateway-intake-'));
    const source = new InMemorySource();
    const many = routes(...Array.from({ length: 12 }, (_, index) => `r${index}`));
    source.write({ 'many.yaml': many });
    const running = await runningPipeline(directory, source, { policy: { validation: { 'max-deletions': 0.5 } } });
    const heldBack = async (): Promise<object | undefined> => (await running.pipeline.status()).sources[1]?.heldBack;
    await source.change({ 'many.yaml': undefined });
    expect(await heldBack()).toEqual({ deletions: 12, of: 12 });
    await source.change({ 'other.yaml': routes('x') });
    expect(await heldBack()).toBeDefined();
    expect(await running.pipeline.list('route')).toHaveLength(13);
    await source.change({ 'many.yaml': many });
    expect(await heldBack()).toBeUndefined();
    await running.stop();
    rmSync(directory, { recursive: true, force: true });
  });
});

describe('a delivery of much that was there before', () => {
  it('compiles what is new, and nothing else', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tigateway-intake-'));
    const source = new InMemorySource();
    source.write({ 'a.yaml': routes('one', 'two') });
    const running = await runningPipeline(directory, source);
    const compiled = vi.spyOn(RouteCompiler.prototype, 'compileRoute');
    await source.change({ 'a.yaml': routes('zero', 'one', 'two') });
    const ids = compiled.mock.calls.map(([definition]) => (definition as { id: string }).id);
    compiled.mockRestore();
    expect(new Set(ids)).toEqual(new Set(['zero']));
    expect(await running.pipeline.list('route')).toHaveLength(3);
    await running.stop();
    rmSync(directory, { recursive: true, force: true });
  });
});
