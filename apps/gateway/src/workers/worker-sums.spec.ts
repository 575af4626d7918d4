import type { BreakerFacts, InstanceFacts } from '@tigateway/proxy';
import { describe, expect, it } from 'vitest';
import type { WorkerFacts } from './worker-messages.js';
import { WorkerSums } from './worker-sums.js';

const breaker = (changes: Partial<BreakerFacts> = {}): BreakerFacts => ({
  routeId: 'a',
  name: 'b',
  state: 'CLOSED',
  thresholdPercent: 50,
  failurePercent: 0,
  calls: 10,
  failedCalls: 0,
  succeeded: 10,
  failed: 0,
  refused: 0,
  ...changes,
});
const instance = (changes: Partial<InstanceFacts> = {}): InstanceFacts => ({
  authority: 'one:80',
  status: 'UP',
  active: 1,
  requests: 10,
  failures: 1,
  ejections: 0,
  ...changes,
});
const facts = (breakers: BreakerFacts[], instances: InstanceFacts[] = []): WorkerFacts => ({
  breakers,
  services: [{ name: 's', balancing: 'round-robin', instances }],
  pools: [],
  cpuSeconds: 1,
  residentBytes: 1,
});

describe('breakers of workers', () => {
  it('are added up; the worst state is the whole’s, and all are shown', () => {
    const open = breaker({ state: 'OPEN', calls: 10, failedCalls: 8, failurePercent: 80, failed: 8, succeeded: 2 });
    const [sum] = new WorkerSums().breakers([facts([breaker()]), facts([open]), facts([breaker()])]);
    expect(sum).toEqual({
      ...breaker(),
      state: 'OPEN',
      states: { CLOSED: 2, OPEN: 1 },
      calls: 30,
      failedCalls: 8,
      failurePercent: (8 * 100) / 30,
      succeeded: 22,
      failed: 8,
    });
  });

  it('keep what those that have ended had counted, until their route changes', () => {
    const sums = new WorkerSums();
    sums.gone(facts([breaker({ state: 'OPEN', refused: 3 })]));
    sums.gone(facts([breaker()]));
    expect(sums.breakers([])).toMatchObject([{ state: 'CLOSED', calls: 0, succeeded: 20, refused: 3, states: {} }]);
    expect(sums.breakers([facts([breaker()])])).toMatchObject([{ calls: 10, succeeded: 30, refused: 3 }]);
    sums.forget(['other']);
    expect(sums.breakers([])).toHaveLength(1);
    sums.forget(['a']);
    expect(sums.breakers([])).toEqual([]);
  });
});

describe('services of workers', () => {
  it('are added up; an instance is in use while any worker uses it', () => {
    const [sum] = new WorkerSums().services([
      facts([], [instance({ status: 'EJECTED', ejections: 1 })]),
      facts([], [instance(), instance({ authority: 'two:80', status: 'DOWN' })]),
    ]);
    expect(sum?.instances).toEqual([
      instance({ status: 'UP', active: 2, requests: 20, failures: 2, ejections: 1 }),
      instance({ authority: 'two:80', status: 'DOWN' }),
    ]);
  });

  it('keep what those that have ended had counted, once, for instances that are still known', () => {
    const sums = new WorkerSums();
    sums.gone(facts([], [instance(), instance({ authority: 'left:80' })]));
    const living = facts([], [instance({ requests: 1, failures: 0 })]);
    const [sum] = sums.services([living, living]);
    expect(sum?.instances).toEqual([instance({ active: 2, requests: 12, failures: 1 })]);
  });
});
