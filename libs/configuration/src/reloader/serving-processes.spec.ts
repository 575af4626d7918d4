import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationStoreError, RouteCompileError } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InMemorySource, type RunningPipeline, runningPipeline } from '../../../../test/builders/running-pipeline.js';
import type { StoreCommit } from '../history/configuration-store.js';
import { EmbeddedStore } from '../history/embedded/embedded.store.js';
import {
  type PreparedElsewhere,
  type RunningConfigurations,
  type ServedChange,
  ServingProcesses,
} from './serving-processes.js';

/** Writes down what happens in which order. */
const said: string[] = [];
let served: () => boolean = () => false;

class Others extends ServingProcesses {
  refuses = false;

  override begin(running: RunningConfigurations): void {
    said.push(`begin with ${keys(running)}`);
  }

  override prepare({ changes, running, snapshot }: ServedChange): Promise<PreparedElsewhere> {
    said.push(`prepare ${changes.map(({ op, configId }) => `${op} ${configId}`).join()} of ${keys(running)}`);
    const problem = { pointer: '', code: 'defect', message: 'not here' };
    if (this.refuses) return Promise.reject(new RouteCompileError('b', [problem]));
    expect(snapshot.routes.has('b')).toBe(changes.some(({ op }) => op === 'upsert'));
    return Promise.resolve({
      swap: async () => {
        // What others take their time for, nobody here serves yet.
        await new Promise((resolve) => setImmediate(resolve));
        said.push(served() ? 'swapped here first' : 'swap');
      },
      discard: () => void said.push('discard'),
    });
  }
}

class Store extends EmbeddedStore {
  fails = false;

  override async commit(commit: StoreCommit): Promise<void> {
    if (!commit.versions?.length) return super.commit(commit);
    said.push('commit');
    if (this.fails) throw new ConfigurationStoreError('the disk is full');
    return super.commit(commit);
  }
}

function keys(running: RunningConfigurations): string {
  return [...running].map(([key]) => key).join() || 'nothing';
}

const routeB = {
  op: 'upsert',
  configType: 'route',
  configId: 'b',
  configuration: { id: 'b', uri: 'no://op' },
} as const;
const options = { actor: 'test' };
let folder: string;
let store: Store;
let others: Others;
let running: RunningPipeline;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'serving-'));
  said.length = 0;
  served = () => false;
  store = new Store(folder);
  others = new Others();
  const retry = { 'max-attempts': 1 };
  running = await runningPipeline(folder, new InMemorySource(), { store, others, policy: { update: { retry } } });
  served = () => running.routes.current.routes.has('b');
  expect(said.splice(0)).toEqual(['begin with nothing']);
});

afterEach(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

describe('processes that serve beside this one', () => {
  it('have a change aside before it is committed, and in force before whoever wrote it hears of it', async () => {
    await running.pipeline.write([routeB], options);
    said.push(served() ? 'in force here' : 'not in force');
    expect(said).toEqual(['prepare upsert b of route:b', 'commit', 'swap', 'in force here']);
  });

  it('keep a change out, for all, that one of them cannot compile', async () => {
    others.refuses = true;
    await expect(running.pipeline.write([routeB], options)).rejects.toThrow('route "b": not here');
    expect(said).toEqual(['prepare upsert b of route:b']);
    expect(served()).toBe(false);
  });

  it('give up what could not be committed', async () => {
    store.fails = true;
    await expect(running.pipeline.write([routeB], options)).rejects.toThrow('the disk is full');
    expect(said).toEqual(['prepare upsert b of route:b', 'commit', 'discard']);
    expect(served()).toBe(false);
  });

  it('are not asked about a dry run', async () => {
    await running.pipeline.preview([routeB]);
    expect(said).toEqual([]);
  });

  it('begin with what was in force before a restart', async () => {
    await running.pipeline.write([routeB], options);
    await running.stop();
    said.length = 0;
    store = new Store(folder);
    running = await runningPipeline(folder, new InMemorySource(), { store, others, clock: running.clock });
    expect(said).toEqual(['begin with route:b']);
  });
});
