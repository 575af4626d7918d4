import type { ConfigurationKey, ConfigurationVersion } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { ChangeQueue, type Stage } from './change-queue.js';
import { EMPTY_PIPELINE, type PipelineState, type Staged } from './pipeline-state.js';

function staged(state: PipelineState, id: string): Staged<string> {
  const key: ConfigurationKey = { configType: 'route', configId: id };
  const versions = [key as ConfigurationVersion];
  const next = { ...state, eventSequence: state.eventSequence + 1 };
  return { state: next, changes: [], versions, events: [], commit: {}, result: id };
}

function stage(id: string): Stage<string> {
  return (state) => Promise.resolve(staged(state, id));
}

/** @returns the queue, the ids of each round that went in, and when the first began to */
function queueThat(fails: (ids: readonly string[]) => boolean = () => false): {
  queue: ChangeQueue;
  rounds: string[][];
  began: Promise<void>;
} {
  const rounds: string[][] = [];
  const { promise: began, resolve: begins } = deferred();
  const queue = new ChangeQueue(EMPTY_PIPELINE, (round) => {
    const ids = round.map(({ result }) => result as string);
    if (fails(ids)) return Promise.reject(new Error('refused'));
    rounds.push(ids);
    begins();
    return new Promise((resolve) => setImmediate(resolve));
  });
  return { queue, rounds, began };
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

describe('ChangeQueue', () => {
  it('lets the first change in at once and what comes meanwhile together', async () => {
    const { queue, rounds, began } = queueThat();
    const first = queue.enqueue(stage('a'));
    await began;
    const others = ['b', 'c', 'd'].map((id) => queue.enqueue(stage(id)));
    expect(await Promise.all([first, ...others])).toEqual(['a', 'b', 'c', 'd']);
    expect(rounds).toEqual([['a'], ['b', 'c', 'd']]);
    expect(queue.state.eventSequence).toBe(4);
  });

  it('never has a key twice in a round', async () => {
    const { queue, rounds } = queueThat();
    await Promise.all(['a', 'b', 'a', 'c'].map((id) => queue.enqueue(stage(id))));
    expect(rounds).toEqual([
      ['a', 'b'],
      ['a', 'c'],
    ]);
  });

  it('lets what cannot be applied fail alone', async () => {
    const { queue } = queueThat((ids) => ids.includes('bad'));
    const answers = await Promise.allSettled(['a', 'bad', 'c'].map((id) => queue.enqueue(stage(id))));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(queue.state.eventSequence).toBe(2);
  });

  it('lets what cannot be thought through fail alone', async () => {
    const { queue, rounds } = queueThat();
    const wrong = queue.enqueue(() => Promise.reject(new Error('invalid')));
    const right = queue.enqueue(stage('a'));
    await expect(wrong).rejects.toThrow('invalid');
    expect(await right).toBe('a');
    expect(rounds).toEqual([['a']]);
  });

  it('does not take back or repeat what is in force when telling of it fails', async () => {
    let applied = 0;
    const queue = new ChangeQueue(
      EMPTY_PIPELINE,
      () => Promise.resolve(void applied++),
      () => Promise.reject(new Error('a listener')),
    );
    expect(await Promise.all([queue.enqueue(stage('a')), queue.enqueue(stage('b'))])).toEqual(['a', 'b']);
    await queue.idle();
    expect([applied, queue.state.eventSequence]).toEqual([1, 2]);
  });
});
