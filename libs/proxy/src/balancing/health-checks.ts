import type { UpstreamClient, UpstreamHandler } from '../ports/upstream-client.js';
import type { UpstreamSettings } from '../ports/upstream-settings.js';
import type { BalancedInstance } from './balanced-instance.js';
import type { LoadBalancer } from './load-balancer.js';
import type { ActiveHealthSettings } from './service-settings.js';

/** How often it is looked at which services there are to ask, in milliseconds. */
const LOOK_MS = 1_000;

/** Asks instances how they are, where their service's settings say so, in the way that traffic takes to them. */
export class HealthChecks {
  private readonly asking = new Map<BalancedInstance, NodeJS.Timeout>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly balancer: LoadBalancer,
    private readonly upstreams: UpstreamClient,
    /** Of the running snapshot. */
    private readonly upstreamSettings: () => UpstreamSettings,
  ) {}

  start(): void {
    this.look();
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
    for (const timer of this.asking.values()) clearInterval(timer);
    this.asking.clear();
  }

  /** Begins with instances that are new and ends with those that are gone. */
  private look(): void {
    const current = new Set<BalancedInstance>();
    for (const { settings, instances } of this.balancer.all()) {
      const { active } = settings;
      if (active === undefined) continue;
      for (const instance of instances) {
        current.add(instance);
        if (!this.asking.has(instance)) this.ask(instance, active);
      }
    }
    for (const [instance, timer] of this.asking) {
      if (current.has(instance)) continue;
      clearInterval(timer);
      this.asking.delete(instance);
    }
  }

  private ask(instance: BalancedInstance, settings: ActiveHealthSettings): void {
    let isWaiting = false;
    const check = (): void => {
      if (isWaiting) return;
      isWaiting = true;
      this.check(instance, settings, (isGood, reason) => {
        isWaiting = false;
        if (this.asking.has(instance)) instance.checked(isGood, reason);
      });
    };
    const timer = setInterval(check, settings.intervalMs);
    timer.unref();
    this.asking.set(instance, timer);
    check();
  }

  private check(
    { instance }: BalancedInstance,
    { path, timeoutMs }: ActiveHealthSettings,
    done: (isGood: boolean, reason: string) => void,
  ): void {
    let settings: UpstreamSettings;
    try {
      settings = this.upstreamSettings();
    } catch (error) {
      done(false, (error as Error).message);
      return;
    }
    const handler: UpstreamHandler = {
      onUpstreamInformational: () => undefined,
      onUpstreamHead: (status) => {
        done(status >= 200 && status < 400, `GET ${path} has status ${status}`);
        // What else it says is of no interest, and may never end.
        call.abort();
      },
      onUpstreamData: () => undefined,
      onUpstreamEnd: () => undefined,
      onUpstreamError: (error) => done(false, `GET ${path}: ${error.message}`),
    };
    const call = this.upstreams.send(
      {
        target: { ...instance, scheme: instance.scheme ?? 'http' },
        method: 'GET',
        path,
        headers: ['Host', instance.authority, 'User-Agent', 'tigateway-health'],
        body: undefined,
        repeatable: true,
        connectTimeoutMs: timeoutMs,
        responseTimeoutMs: timeoutMs,
        settings,
      },
      handler,
    );
  }
}
