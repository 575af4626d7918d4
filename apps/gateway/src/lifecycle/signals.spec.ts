import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { stopOnSignal } from './signals.js';

class FakeProcess extends EventEmitter {
  exit(code: number): void {
    this.emit('exit', code);
  }
}

describe('stopOnSignal', () => {
  it.each(['SIGTERM', 'SIGINT'])('ends with 0 after the stop that %s begins', async (signal) => {
    const source = new FakeProcess();
    const steps: string[] = [];
    stopOnSignal(
      source,
      async () => void steps.push('stopped'),
      () => expect.unreachable(),
    );
    const exit = once(source, 'exit');
    source.emit(signal);
    expect(await exit).toEqual([0]);
    expect(steps).toEqual(['stopped']);
  });

  it('ends with 1 at the second signal, without waiting for the stop', async () => {
    const source = new FakeProcess();
    let stops = 0;
    const endless = () => {
      stops++;
      return new Promise<void>(() => undefined);
    };
    stopOnSignal(source, endless, () => expect.unreachable());
    const exit = once(source, 'exit');
    source.emit('SIGTERM');
    source.emit('SIGINT');
    expect(await exit).toEqual([1]);
    expect(stops).toBe(1);
  });

  it('reports a stop that fails and ends with 1', async () => {
    const source = new FakeProcess();
    const reported: unknown[] = [];
    stopOnSignal(
      source,
      () => Promise.reject(new Error('store is gone')),
      (error) => reported.push(error),
    );
    const exit = once(source, 'exit');
    source.emit('SIGTERM');
    expect(await exit).toEqual([1]);
    expect(reported).toEqual([new Error('store is gone')]);
  });
});
