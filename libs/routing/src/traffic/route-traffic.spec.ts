import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { RouteTraffic, TRAFFIC_STEPS } from './route-traffic.js';
import { TrafficMeter } from './traffic-meter.js';

const SPAN_MS = 16_000;

describe('the traffic of a route', () => {
  it('is counted for the route alone, its recent past also for the one that replaces it', () => {
    const route = new RouteTraffic();
    route.count(true, 7);
    route.count(false, 7);
    const next = route.successor();
    next.count(false, 8);
    expect([next.requests, next.failures]).toEqual([1, 0]);
    expect(next.recently(8)).toEqual({ requests: 3, failures: 1 });
    expect([route.requests, route.failures]).toEqual([2, 1]);
  });

  it.each([
    ['just kept', TRAFFIC_STEPS - 1, 1],
    ['too old', TRAFFIC_STEPS, 0],
    ['long gone', 100 * TRAFFIC_STEPS, 0],
    ['of steps of another length', -5, 0],
  ])('of a step that is %s is looked at accordingly', (_, laterSteps, kept) => {
    const route = new RouteTraffic();
    route.count(false, 40);
    expect(route.recently(40 + laterSteps).requests).toBe(kept);
  });

  it('in every step of a span is counted once', () => {
    const route = new RouteTraffic();
    for (let step = 0; step < 50; step++) route.count(step % 2 === 0, step);
    expect(route.recently(49)).toEqual({ requests: TRAFFIC_STEPS, failures: TRAFFIC_STEPS / 2 });
  });
});

describe('TrafficMeter', () => {
  it('adds what ended elsewhere, that of a replaced route to all together alone', () => {
    const meter = new TrafficMeter(new FakeClock());
    const [route, watched] = [new RouteTraffic(), new RouteTraffic()];
    watched.watchers = 1;
    meter.add(route, 10, 1);
    meter.add(watched, 5, 5);
    meter.add(undefined, 3, 2);
    expect(meter.total).toMatchObject({ requests: 18, failures: 8 });
    expect(meter.steady).toEqual({ requests: 10, failures: 1 });
    expect(meter.recently(watched)).toEqual({ requests: 5, failures: 5 });
    expect(meter.recently(meter.total)).toEqual({ requests: 18, failures: 8 });
  });

  it('remembers each route and all together for as long as it is told', () => {
    const clock = new FakeClock();
    const meter = new TrafficMeter(clock);
    meter.remember(SPAN_MS);
    const route = { traffic: new RouteTraffic() } as never;
    const { traffic } = route as { traffic: RouteTraffic };
    meter.count(route, true);
    clock.advance(SPAN_MS / 2);
    meter.count(route, false);
    expect(meter.recently(traffic)).toEqual({ requests: 2, failures: 1 });
    clock.advance(SPAN_MS / 2);
    expect(meter.recently(traffic)).toEqual({ requests: 1, failures: 0 });
    expect(meter.total).toMatchObject({ requests: 2, failures: 1 });
  });

  it('keeps the last thousand requests, and none with an endless path', () => {
    const meter = new TrafficMeter(new FakeClock());
    for (let index = 0; index < 1_500; index++) meter.keep('GET', 'a.test', `/${index}`, undefined);
    meter.keep('GET', 'a.test', `/${'x'.repeat(5_000)}`, 'r');
    meter.keep('PUT', 'b.test', '/last', 'r');
    const kept = meter.lastRequests;
    expect(kept).toHaveLength(1_000);
    expect(kept[0]).toEqual({ method: 'PUT', host: 'b.test', path: '/last', routeId: 'r' });
    expect(kept.at(-1)).toMatchObject({ path: '/501', routeId: null });
  });
});
