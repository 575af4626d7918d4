import type { EventRecord } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { DeliveryWindow } from './delivery-window.js';

const event = (sequence: number): EventRecord => ({
  type: 'configuration_update',
  sequence,
  timestamp: 1_000 + sequence,
  source: 'api',
  configType: 'route',
  configId: 'a',
  version: `v${sequence}`,
  actor: 'admin',
  configuration: {},
});

function windowWith(through: number, taken: number): DeliveryWindow {
  const window = new DeliveryWindow({ through, ahead: [], attempts: [] });
  for (let sequence = through + 1; sequence <= taken; sequence++) window.take(event(sequence), 1);
  return window;
}

describe('the window of a channel', () => {
  it('is full with 1,000 events, or with 16 MiB of them, and open again once some are settled', () => {
    const many = windowWith(0, 999);
    expect(many.isFull).toBe(false);
    many.take(event(1_000), 1);
    expect(many.isFull).toBe(true);
    many.settle([event(500)]);
    expect([many.isFull, many.size]).toEqual([false, 999]);

    const large = windowWith(0, 0);
    large.take(event(1), 16 * 2 ** 20);
    expect(large.isFull).toBe(true);
    large.settle([event(1)]);
    expect(large.isFull).toBe(false);
  });

  it('goes past what is settled in any order, and remembers what is settled beyond', () => {
    const window = windowWith(10, 14);
    window.settle([event(12), event(14)]);
    expect(window.progressOf('x')).toEqual({ channel: 'x', through: 10, ahead: [12, 14], attempts: [] });
    expect(window.oldestMs).toBe(1_011);
    window.settle([event(11)]);
    expect(window.progressOf('x')).toMatchObject({ through: 12, ahead: [14] });
    window.settle([event(13)]);
    expect(window.progressOf('x')).toMatchObject({ through: 14, ahead: [] });
    expect(window.oldestMs).toBeUndefined();
  });

  it('takes nothing again that was settled before a restart', () => {
    const window = new DeliveryWindow({ through: 10, ahead: [12], attempts: [[11, 2]] });
    expect([11, 12, 13].map((sequence) => window.take(event(sequence), 1))).toEqual([true, false, true]);
    expect(window.attemptsOf(11)).toBe(2);
    window.settle([event(11)]);
    expect(window.progressOf('x')).toEqual({ channel: 'x', through: 12, ahead: [], attempts: [] });
  });

  it('looks past what is not wanted, with and without something open before it', () => {
    const open = windowWith(0, 1);
    open.skipTo(3);
    expect(open.progressOf('x')).toMatchObject({ through: 0, ahead: [2, 3] });
    open.settle([event(1)]);
    expect(open.progressOf('x')).toMatchObject({ through: 3, ahead: [] });
    open.skipTo(100_000);
    expect([open.taken, open.progressOf('x').through]).toEqual([100_000, 100_000]);
  });
});
