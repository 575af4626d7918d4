import { forEachSliced } from '@tigateway/model';
import {
  NO_TRAFFIC,
  type RouteTraffic,
  since,
  type Snapshot,
  sumOf,
  type TrafficCount,
  type TrafficMeter,
} from '@tigateway/routing';
import type { AffectedRoutes } from './affected-routes.js';
import { type Evidence, isBeyondChance, isToBlame, type Rule, worse } from './verdict.js';

/** Readings that make up the recent past. */
const READINGS = 10;
/** The spans of the recent past that are looked at, in readings. */
const SPANS = [READINGS, 3, 1];
/** A verdict must hold for this many readings: what ramps up at different speeds must not look like a difference. */
const CONFIRMATIONS = 2;

interface Reading {
  readonly after: TrafficCount;
  readonly others: TrafficCount;
}

/** The requests of one route since the change, over the compiled routes that stood for it. */
interface WatchedRoute {
  traffic: RouteTraffic;
  carried: TrafficCount;
}

/** What one change did to traffic, from its swap on. */
export class ChangeWatch {
  private readonly routes = new Map<string, WatchedRoute>();
  private readonly readings: Reading[] = [];
  private affectsAll = false;
  private start: { readonly total: TrafficCount; readonly steady: TrafficCount } | undefined;
  private confirmed = 0;

  /** @param before the baseline of an earlier run, for a watch that goes on after a restart */
  constructor(
    private readonly meter: TrafficMeter,
    private before: TrafficCount = NO_TRAFFIC,
  ) {}

  /** What these routes did before a change; to be asked before the swap. Gives the event loop away between routes. */
  static async baseline(meter: TrafficMeter, affected: AffectedRoutes, running: Snapshot): Promise<TrafficCount> {
    if (affected === 'all') return meter.recently(meter.total);
    let sum = NO_TRAFFIC;
    await forEachSliced(affected, (id) => {
      const traffic = running.routes.get(id)?.traffic;
      if (traffic) sum = sumOf(sum, meter.recently(traffic));
    });
    return sum;
  }

  get watchesAll(): boolean {
    return this.affectsAll;
  }

  /** What it compares with. */
  get baselineSoFar(): TrafficCount {
    return this.before;
  }

  get hasRoutes(): boolean {
    return this.routes.size > 0;
  }

  get routeIds(): Iterable<string> {
    return this.routes.keys();
  }

  /** Watches routes from now on. @param before their baseline @param previous the snapshot that the swap has replaced */
  async add(affected: AffectedRoutes, before: TrafficCount, running: Snapshot, previous?: Snapshot): Promise<void> {
    this.start ??= this.now();
    this.before = sumOf(this.before, before);
    if (affected === 'all') {
      this.affectsAll = true;
      return;
    }
    await forEachSliced(affected, (id) => {
      const old = previous?.routes.get(id)?.traffic;
      const traffic = running.routes.get(id)?.traffic;
      // Requests that began on the old route end after the change: they belong to neither side.
      if (old && old !== traffic) old.watchers++;
      if (!traffic) return;
      traffic.watchers++;
      this.routes.set(id, { traffic, carried: NO_TRAFFIC });
    });
  }

  /** The route is made anew for another reason than its own change: its count goes on. */
  goOn(routeId: string, traffic: RouteTraffic | undefined): void {
    const route = this.routes.get(routeId);
    if (!route || !traffic || traffic === route.traffic) return;
    route.carried = sumOf(route.carried, route.traffic);
    route.traffic = traffic;
    traffic.watchers++;
  }

  /** The route has been changed again: whatever comes of it now is not this change's doing. */
  drop(routeId: string): void {
    const route = this.routes.get(routeId);
    if (!route) return;
    route.traffic.watchers--;
    this.routes.delete(routeId);
    this.readings.length = 0;
  }

  /** Another change has been taken back that may have been to blame for what was counted so far. */
  startAnew(): void {
    this.start = this.now();
    this.readings.length = 0;
    this.confirmed = 0;
    for (const route of this.routes.values()) route.carried = since(route.traffic, NO_TRAFFIC);
  }

  end(): void {
    for (const routeId of [...this.routes.keys()]) this.drop(routeId);
  }

  /** One look, to be taken at even times. @returns the evidence against the change, once it stands */
  look(rule: Rule): Evidence | undefined {
    const evidence = this.judge(rule);
    this.confirmed = evidence ? this.confirmed + 1 : 0;
    return this.confirmed >= CONFIRMATIONS ? evidence : undefined;
  }

  /** The evidence against the change as it is now, where there is enough. */
  judge(rule: Rule): Evidence | undefined {
    const now = this.read();
    const spans = SPANS.map((readings) => this.since(readings, now));
    this.readings.push(now);
    if (this.readings.length > READINGS) this.readings.shift();
    const { before } = this;
    // An outage that has just begun shows in the last second first: the others are seen at their worst.
    const others = spans.reduce((worst, span) => worse(worst, span.others, rule), now.others);
    const whole: Evidence = { after: now.after, before, others };
    if (isToBlame(whole, rule)) return whole;
    // A change that fails after minutes of good service is found by its last seconds, not by all of its time.
    const recent: Evidence = { after: (spans[0] as Reading).after, before, others };
    return isBeyondChance(recent.after, rule) && isToBlame(recent, rule) ? recent : undefined;
  }

  private since(readings: number, now: Reading): Reading {
    const earlier = this.readings.at(-readings) ?? { after: NO_TRAFFIC, others: NO_TRAFFIC };
    return { after: since(earlier.after, now.after), others: since(earlier.others, now.others) };
  }

  private read(): Reading {
    const { total, steady } = this.start ?? this.now();
    if (this.affectsAll) return { after: since(total, this.meter.total), others: NO_TRAFFIC };
    let requests = 0;
    let failures = 0;
    for (const { traffic, carried } of this.routes.values()) {
      requests += traffic.requests + carried.requests;
      failures += traffic.failures + carried.failures;
    }
    return { after: { requests, failures }, others: since(steady, this.meter.steady) };
  }

  private now(): { readonly total: TrafficCount; readonly steady: TrafficCount } {
    const { total, steady } = this.meter;
    return { total: { requests: total.requests, failures: total.failures }, steady: { ...steady } };
  }
}
