import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { BalancedInstance } from './balanced-instance.js';
import { DEFAULT_SERVICE_SETTINGS, type ServiceSettings } from './service-settings.js';

const INSTANCE = { host: 'a', port: 80, scheme: 'http', authority: 'a' };
const SETTINGS: ServiceSettings = {
  ...DEFAULT_SERVICE_SETTINGS,
  passive: { failures: 3, ejectMs: 100, maxEjectMs: 350 },
  active: { path: '/', intervalMs: 1, timeoutMs: 1, healthyThreshold: 2, unhealthyThreshold: 3 },
};

function made(): { clock: FakeClock; instance: BalancedInstance; told: string[] } {
  const clock = new FakeClock();
  const told: string[] = [];
  const instance = new BalancedInstance(INSTANCE, SETTINGS, clock, (each, reason) =>
    told.push(`${each.status}: ${reason}`),
  );
  return { clock, instance, told };
}

/** Requests, each over before the next: a status, or what failed. */
function serve(instance: BalancedInstance, ...outcomes: (number | 'connect' | 'request-body' | 'given-up')[]): void {
  for (const outcome of outcomes) {
    instance.began();
    if (typeof outcome === 'number') instance.answered(outcome);
    else if (outcome !== 'given-up') instance.failed(outcome);
    instance.ended();
  }
}

describe('an instance', () => {
  it.each<[string, Parameters<typeof serve>[1][], string]>([
    ['fails too often in a row', [500, 'connect', 503], 'EJECTED'],
    ['answers in between', [500, 'connect', 200, 503, 500], 'UP'],
    ['is not to blame', ['request-body', 'request-body', 'request-body'], 'UP'],
    ['answers with what is the client’s fault', [400, 404, 429], 'UP'],
    ['is not waited for', ['given-up', 'given-up', 'given-up'], 'UP'],
  ])('that %s', (_, outcomes, status) => {
    const { instance } = made();
    serve(instance, ...outcomes);
    expect(instance.status).toBe(status);
    expect(instance.active).toBe(0);
    expect(instance.requests).toBe(outcomes.length);
  });

  it('is tried by one request when its time is over, and is back with its answer', () => {
    const { clock, instance, told } = made();
    serve(instance, 500, 500, 500);
    clock.advance(99);
    expect(instance.isAvailable).toBe(false);
    clock.advance(1);
    expect(instance.isAvailable).toBe(true);
    instance.began();
    expect([instance.status, instance.isAvailable]).toEqual(['PROBING', false]);
    instance.answered(200);
    instance.ended();
    expect([instance.status, instance.isAvailable]).toEqual(['UP', true]);
    expect(told).toEqual(['EJECTED: out for 100 ms: status 500', 'UP: answers again']);
  });

  it('is out longer with each relapse, to a limit, and begins anew once it has kept well', () => {
    const { clock, instance, told } = made();
    serve(instance, 500, 500, 500);
    for (const ms of [100, 200, 350]) {
      clock.advance(ms);
      serve(instance, 'connect');
    }
    clock.advance(350);
    serve(instance, 200, 500, 500, 500);
    clock.advance(350);
    serve(instance, 200);
    clock.advance(351);
    serve(instance, 500, 500, 500);
    expect(told.map((text) => /out for (\d+)/.exec(text)?.[1] ?? 'back')).toEqual([
      '100',
      '200',
      '350',
      '350',
      'back',
      '350',
      'back',
      '100',
    ]);
    expect(instance.ejections).toBe(6);
  });

  it('whose probe was given up is tried again by the next request', () => {
    const { clock, instance } = made();
    serve(instance, 500, 500, 500);
    clock.advance(100);
    serve(instance, 'given-up');
    expect([instance.status, instance.isAvailable]).toEqual(['EJECTED', true]);
  });

  it('that was asked early for want of another comes back with its answer, and is not out longer without one', () => {
    const { instance, told } = made();
    serve(instance, 500, 500, 500, 500, 500);
    expect(told).toHaveLength(1);
    serve(instance, 200);
    expect(instance.status).toBe('UP');
  });

  it('goes and comes by how often it answers those who ask', () => {
    const { instance } = made();
    const check = (...answers: boolean[]): string => {
      for (const isGood of answers) instance.checked(isGood, 'asked');
      return instance.status;
    };
    expect(check(false, false, true, false, false)).toBe('UP');
    expect(check(false)).toBe('DOWN');
    expect(instance.isAvailable).toBe(false);
    expect(check(true, false, true)).toBe('DOWN');
    expect(check(true)).toBe('UP');
  });

  it('keeps one target for each scheme', () => {
    const { instance } = made();
    expect(instance.target('http')).toBe(instance.target('http'));
    expect(instance.target('ws')).toMatchObject({ scheme: 'ws', host: 'a', port: 80, authority: 'a', of: instance });
  });
});
