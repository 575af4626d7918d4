import type { Clock } from '@tigateway/model';
import type { FilterFactory } from '@tigateway/routing';
import type { DataPlaneOptions } from '../data-plane-options.js';
import { DefinedRoutes } from './defined-routes.js';
import { RunningGateway } from './running-gateway.js';
import { type Script, ScriptedUpstream } from './scripted-upstream.js';

/** A gateway with defined routes and upstreams of a test's own, all of which end with `stop`. */
export class Traffic {
  private readonly upstreams: ScriptedUpstream[] = [];

  private constructor(
    readonly gateway: RunningGateway,
    readonly routes: DefinedRoutes,
  ) {}

  static async start(
    filters: readonly FilterFactory[],
    { clock, ...options }: Partial<DataPlaneOptions> & { clock?: Clock } = {},
  ): Promise<Traffic> {
    const gateway = await RunningGateway.start([], options);
    return new Traffic(gateway, new DefinedRoutes(gateway.routes, filters, clock));
  }

  get url(): string {
    return this.gateway.url;
  }

  async upstream(script: Script | readonly number[] = [200]): Promise<ScriptedUpstream> {
    const upstream =
      typeof script === 'function' ? await ScriptedUpstream.start(script) : await ScriptedUpstream.statuses(...script);
    this.upstreams.push(upstream);
    return upstream;
  }

  /** Not followed where it is a redirect. */
  ask(path = '/', init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { redirect: 'manual', ...init });
  }

  async status(path = '/', init: RequestInit = {}): Promise<number> {
    const response = await this.ask(path, init);
    await response.arrayBuffer();
    return response.status;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    for (const upstream of this.upstreams) await upstream.stop();
  }
}
