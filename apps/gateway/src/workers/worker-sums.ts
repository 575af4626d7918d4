import type { BreakerFacts, InstanceFacts, ServiceFacts } from '@tigateway/proxy';
import type { WorkerFacts } from './worker-messages.js';

type BreakerState = BreakerFacts['state'];
type InstanceStatus = InstanceFacts['status'];

/** The first is how a breaker is that is so in some worker. */
const BREAKERS_BY_SEVERITY: readonly BreakerState[] = ['OPEN', 'HALF_OPEN', 'CLOSED'];
/** The first is how an instance is that is so in some worker: requests are given to it while one gives it any. */
const INSTANCES_BY_USE: readonly InstanceStatus[] = ['UP', 'PROBING', 'EJECTED', 'DOWN'];

interface BreakerCounts {
  succeeded: number;
  failed: number;
  refused: number;
}

interface InstanceCounts {
  requests: number;
  failures: number;
  ejections: number;
}

/** Adds up what workers know. What those that have ended had counted stays in the sums: a counter never falls. */
export class WorkerSums {
  private readonly breakersOfTheGone = new Map<string, BreakerFacts>();
  private readonly instancesOfTheGone = new Map<string, InstanceCounts>();

  /** A worker has ended. @param facts the last that it told */
  gone({ breakers, services }: WorkerFacts): void {
    for (const each of breakers) {
      const key = breakerKey(each);
      const { succeeded, failed, refused } = addedBreaker(this.breakersOfTheGone.get(key), each);
      this.breakersOfTheGone.set(key, {
        ...each,
        state: 'CLOSED',
        calls: 0,
        failedCalls: 0,
        succeeded,
        failed,
        refused,
      });
    }
    for (const { name, instances } of services) {
      for (const each of instances) {
        const key = instanceKey(name, each);
        this.instancesOfTheGone.set(key, addedInstance(this.instancesOfTheGone.get(key), each));
      }
    }
  }

  /** A route has been changed: its breakers begin anew. */
  forget(routeIds: readonly string[]): void {
    if (this.breakersOfTheGone.size === 0) return;
    const ids = new Set(routeIds);
    for (const [key, { routeId }] of this.breakersOfTheGone) if (ids.has(routeId)) this.breakersOfTheGone.delete(key);
  }

  breakers(workers: readonly WorkerFacts[]): BreakerFacts[] {
    const sums = new Map(this.breakersOfTheGone);
    const states = new Map<string, Partial<Record<BreakerState, number>>>();
    for (const each of workers.flatMap(({ breakers }) => breakers)) {
      const key = breakerKey(each);
      const before = sums.get(key);
      const counted = states.get(key) ?? {};
      states.set(key, { ...counted, [each.state]: (counted[each.state] ?? 0) + 1 });
      const calls = each.calls + (before?.calls ?? 0);
      const failedCalls = each.failedCalls + (before?.failedCalls ?? 0);
      sums.set(key, { ...each, ...addedBreaker(before, each), calls, failedCalls });
    }
    return [...sums].map(([key, sum]) => {
      const counted = states.get(key) ?? {};
      const state = BREAKERS_BY_SEVERITY.find((each) => counted[each]) ?? 'CLOSED';
      const failurePercent = sum.calls === 0 || sum.failurePercent < 0 ? -1 : (sum.failedCalls * 100) / sum.calls;
      return { ...sum, state, failurePercent, states: counted };
    });
  }

  services(workers: readonly WorkerFacts[]): ServiceFacts[] {
    const services = new Map<string, { facts: ServiceFacts; instances: Map<string, InstanceFacts> }>();
    for (const facts of workers.flatMap((each) => each.services)) {
      const service = services.get(facts.name) ?? { facts, instances: new Map<string, InstanceFacts>() };
      services.set(facts.name, service);
      for (const each of facts.instances) {
        const before = service.instances.get(each.authority);
        const counts = before ?? this.instancesOfTheGone.get(instanceKey(facts.name, each));
        const statuses = [each.status, before?.status];
        service.instances.set(each.authority, {
          authority: each.authority,
          status: INSTANCES_BY_USE.find((status) => statuses.includes(status)) ?? each.status,
          active: each.active + (before?.active ?? 0),
          ...addedInstance(counts, each),
        });
      }
    }
    return [...services.values()].map(({ facts, instances }) => ({ ...facts, instances: [...instances.values()] }));
  }
}

function addedBreaker(before: BreakerCounts | undefined, { succeeded, failed, refused }: BreakerCounts): BreakerCounts {
  return {
    succeeded: succeeded + (before?.succeeded ?? 0),
    failed: failed + (before?.failed ?? 0),
    refused: refused + (before?.refused ?? 0),
  };
}

function addedInstance(
  before: InstanceCounts | undefined,
  { requests, failures, ejections }: InstanceCounts,
): InstanceCounts {
  return {
    requests: requests + (before?.requests ?? 0),
    failures: failures + (before?.failures ?? 0),
    ejections: ejections + (before?.ejections ?? 0),
  };
}

function breakerKey({ routeId, name }: BreakerFacts): string {
  return `${routeId}\n${name}`;
}

function instanceKey(service: string, { authority }: InstanceFacts): string {
  return `${service}\n${authority}`;
}
