/** How many requests there were, and how many of them failed. */
export interface TrafficCount {
  readonly requests: number;
  readonly failures: number;
}

/** The past is kept in this many steps. */
export const TRAFFIC_STEPS = 16;

/** The last `TRAFFIC_STEPS` steps of a route, kept over changes of it: the measure of what a change made worse. */
class RecentTraffic {
  private readonly counts = new Uint32Array(2 * TRAFFIC_STEPS);

  constructor(private step: number) {}

  add(requests: number, failures: number, step: number): void {
    this.moveTo(step);
    const at = 2 * (step % TRAFFIC_STEPS);
    this.counts[at] = (this.counts[at] as number) + requests;
    this.counts[at + 1] = (this.counts[at + 1] as number) + failures;
  }

  /** All that is not older than `TRAFFIC_STEPS` steps. */
  until(step: number): TrafficCount {
    this.moveTo(step);
    let requests = 0;
    let failures = 0;
    for (let at = 0; at < this.counts.length; at += 2) {
      requests += this.counts[at] as number;
      failures += this.counts[at + 1] as number;
    }
    return { requests, failures };
  }

  private moveTo(step: number): void {
    if (step === this.step) return;
    // Backwards: the length of a step has changed, and what was counted in the old one means nothing any more.
    const passed = step > this.step ? step - this.step : TRAFFIC_STEPS;
    if (passed >= TRAFFIC_STEPS) this.counts.fill(0);
    else for (let next = this.step + 1; next <= step; next++) this.counts.fill(0, ...slotOf(next));
    this.step = step;
  }
}

function slotOf(step: number): [from: number, to: number] {
  const at = 2 * (step % TRAFFIC_STEPS);
  return [at, at + 2];
}

/**
 * Counts the requests that one compiled route has answered. The request path adds to two numbers here and to two in the recent
 * past, which is made with the first request and goes on to the route that replaces this one.
 */
export class RouteTraffic implements TrafficCount {
  requests = 0;
  failures = 0;
  /** How many judge a change by this route: it is not one of those that go on as ever. */
  watchers = 0;
  private recent: RecentTraffic | undefined;

  /** @param step the number of the step of time that now is; only grows while its length stays the same */
  count(failed: boolean, step: number): void {
    this.add(1, failed ? 1 : 0, step);
  }

  /** As `count`, for several. */
  add(requests: number, failures: number, step: number): void {
    this.requests += requests;
    this.failures += failures;
    (this.recent ??= new RecentTraffic(step)).add(requests, failures, step);
  }

  /** The last `TRAFFIC_STEPS` steps, those of the routes that this one replaced included. */
  recently(step: number): TrafficCount {
    return this.recent?.until(step) ?? NO_TRAFFIC;
  }

  /** For the route that replaces this one: nothing counted yet, the same past. */
  successor(): RouteTraffic {
    const next = new RouteTraffic();
    next.recent = this.recent;
    return next;
  }
}

export const NO_TRAFFIC: TrafficCount = Object.freeze({ requests: 0, failures: 0 });

export function sumOf(a: TrafficCount, b: TrafficCount): TrafficCount {
  return { requests: a.requests + b.requests, failures: a.failures + b.failures };
}

/** What has been counted since an earlier reading. */
export function since(earlier: TrafficCount, now: TrafficCount): TrafficCount {
  return { requests: now.requests - earlier.requests, failures: now.failures - earlier.failures };
}
