import { RouteTraffic, type Snapshot, TrafficMeter } from '@tigateway/routing';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../../test/builders/fake-clock.js';
import { ChangeWatch } from './change-watch.js';

const RULE = { threshold: 0.1, minRequests: 20 };
const SPAN_MS = 300_000;

/** Routes as the running snapshot has them, with nothing but what is counted. */
class Routes {
  readonly routes = new Map<string, { traffic: RouteTraffic }>();

  constructor(...ids: string[]) {
    for (const id of ids) this.routes.set(id, { traffic: new RouteTraffic() });
  }

  get snapshot(): Snapshot {
    return { routes: this.routes } as unknown as Snapshot;
  }

  changed(...ids: string[]): Routes {
    const next = new Routes();
    for (const [id, route] of this.routes) {
      next.routes.set(id, ids.includes(id) ? { traffic: route.traffic.successor() } : route);
    }
    return next;
  }
}

let clock: FakeClock;
let meter: TrafficMeter;
let routes: Routes;

beforeEach(() => {
  clock = new FakeClock();
  meter = new TrafficMeter(clock);
  meter.remember(SPAN_MS);
  routes = new Routes('a', 'b', 'c');
});

function traffic(id: string, requests: number, failures = 0): void {
  for (let index = 0; index < requests; index++) meter.count(routes.routes.get(id) as never, index < failures);
}

async function change(...ids: string[]): Promise<ChangeWatch> {
  const affected = new Set(ids);
  const before = await ChangeWatch.baseline(meter, affected, routes.snapshot);
  const previous = routes;
  routes = routes.changed(...ids);
  const watch = new ChangeWatch(meter);
  await watch.add(affected, before, routes.snapshot, previous.snapshot);
  return watch;
}

/** Looks once a second. @returns the seconds until the change is found to be to blame */
function secondsUntilBlamed(watch: ChangeWatch, seconds: number, eachSecond: () => void): number | undefined {
  for (let second = 1; second <= seconds; second++) {
    eachSecond();
    clock.advance(1_000);
    if (watch.look(RULE)) return second;
  }
  return undefined;
}

describe('ChangeWatch', () => {
  it('finds a change that fails from the start within seconds', async () => {
    traffic('a', 100);
    const watch = await change('a');
    expect(secondsUntilBlamed(watch, 300, () => traffic('a', 50, 50))).toBeLessThanOrEqual(2);
  });

  it('finds a change that begins to fail late as fast', async () => {
    const watch = await change('a');
    expect(secondsUntilBlamed(watch, 200, () => traffic('a', 50))).toBeUndefined();
    expect(secondsUntilBlamed(watch, 20, () => traffic('a', 50, 25))).toBeLessThanOrEqual(10);
  });

  it('finds a share little over the threshold within ten seconds', async () => {
    const watch = await change('a');
    expect(secondsUntilBlamed(watch, 20, () => traffic('a', 50, 6))).toBeLessThanOrEqual(10);
  });

  it('does not take an outage of everything for its own, whenever it comes', async () => {
    const watch = await change('a');
    secondsUntilBlamed(watch, 100, () => {
      traffic('b', 50);
    });
    const outage = (): void => {
      traffic('a', 50, 50);
      traffic('b', 50, 49);
    };
    expect(secondsUntilBlamed(watch, 200, outage)).toBeUndefined();
  });

  it('leaves what was broken before alone', async () => {
    traffic('a', 100, 95);
    const watch = await change('a');
    expect(secondsUntilBlamed(watch, 100, () => traffic('a', 50, 50))).toBeUndefined();
  });

  it('decides nothing on too few requests', async () => {
    const watch = await change('a');
    expect(secondsUntilBlamed(watch, 19, () => traffic('a', 1, 1))).toBeUndefined();
    expect(secondsUntilBlamed(watch, 10, () => traffic('a', 1, 1))).toBeDefined();
  });

  it('counts requests that began on the old route for neither side', async () => {
    const old = routes;
    const watch = await change('a');
    for (let index = 0; index < 100; index++) meter.count(old.routes.get('a') as never, true);
    expect(secondsUntilBlamed(watch, 5, () => traffic('a', 10))).toBeUndefined();
    expect(secondsUntilBlamed(watch, 20, () => traffic('a', 50, 50))).toBeDefined();
  });

  it('goes on where the route is made anew for another reason, and ends where it is changed again', async () => {
    const watch = await change('a');
    traffic('a', 15, 15);
    routes = routes.changed('a');
    watch.goOn('a', routes.routes.get('a')?.traffic);
    traffic('a', 5, 5);
    expect(watch.judge(RULE)?.after).toEqual({ requests: 20, failures: 20 });
    watch.drop('a');
    expect(secondsUntilBlamed(watch, 5, () => traffic('a', 50, 50))).toBeUndefined();
  });

  it('watches everything after a change of everything, and compares with the time before alone', async () => {
    traffic('a', 100);
    const before = await ChangeWatch.baseline(meter, 'all', routes.snapshot);
    const watch = new ChangeWatch(meter);
    await watch.add('all', before, routes.snapshot);
    expect(before).toEqual({ requests: 100, failures: 0 });
    expect(secondsUntilBlamed(watch, 10, () => traffic('b', 50, 40))).toBeDefined();
  });
});
