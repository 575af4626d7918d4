import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InMemorySource, type RunningPipeline, runningPipeline } from '../../../../test/builders/running-pipeline.js';
import type { WriteRequest } from './configuration-api.js';

let directory: string;
let running: RunningPipeline;

function put(id: string, more: JsonObject): WriteRequest {
  return { configType: 'route', configId: id, op: 'upsert', configuration: { id, uri: 'http://a.test', ...more } };
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-impact-'));
  running = await runningPipeline(directory, new InMemorySource());
  const requests = [
    put('orders', { predicates: ['Path=/orders/**'] }),
    put('beta', { predicates: ['Path=/users/**', 'Header=X-Beta'], order: -1 }),
    put('users', { predicates: ['Path=/users/**'] }),
    put('heavy', { predicates: ['Path=/w/**', 'Weight=w, 9'] }),
    put('light', { predicates: ['Path=/w/**', 'Weight=w, 1'] }),
  ];
  await running.pipeline.write(requests, { actor: 'tester' });
  const { meter } = running;
  meter.keep('GET', 'a.test', '/orders/1', 'orders');
  meter.keep('POST', 'a.test', '/orders/2', 'orders');
  meter.keep('GET', 'a.test', '/users/1', 'users');
  meter.keep('GET', 'a.test', '/users/1', 'beta');
  meter.keep('GET', 'a.test', '/w/1', 'light');
  meter.keep('GET', 'a.test', '/nowhere', undefined);
});

afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a dry run', () => {
  it.each<[what: string, request: WriteRequest, changed: [string, string | null, string | null][]]>([
    [
      'takes requests from another route',
      put('posts', { predicates: ['Path=/orders/**', 'Method=POST'], order: -1 }),
      [['/orders/2', 'orders', 'posts']],
    ],
    [
      'loses requests',
      { configType: 'route', configId: 'orders', op: 'delete' },
      [
        ['/orders/2', 'orders', null],
        ['/orders/1', 'orders', null],
      ],
    ],
    ['finds a place for those that had none', put('all', { order: 9 }), [['/nowhere', null, 'all']]],
    ['changes nothing', put('users', { predicates: ['Path=/users/**'], uri: 'http://b.test' }), []],
  ])('says which of the last requests would go elsewhere when a change %s', async (_, request, changed) => {
    const { impact } = await running.pipeline.preview([request]);
    expect(impact?.changed.map(({ request: { path }, before, after }) => [path, before, after])).toEqual(changed);
    expect(impact?.sampled).toBe(5);
  });

  it('moves nothing, and says of what is invalid only that', async () => {
    const before = (await running.pipeline.status()).revision;
    await running.pipeline.preview([put('all', { order: 9 })]);
    expect((await running.pipeline.status()).revision).toBe(before);
    const report = await running.pipeline.preview([put('all', { predicates: ['Unheard=of'] })]);
    expect(report).toMatchObject({ valid: false });
    expect(report.impact).toBeUndefined();
  });
});
