import { type Change, type Clock, type Configured, type Json, RouteCompileError, SystemClock } from '@tigateway/model';
import {
  type FilterFactory,
  RouteCompiler,
  type RouteManager,
  SnapshotCompiler,
  standardCatalogue,
} from '@tigateway/routing';

/** Puts routes in force as their definitions bring them in: through notation, arguments and compiler. */
export class DefinedRoutes {
  private readonly running = new Map<string, Configured>();
  private readonly compiler: RouteCompiler;
  private readonly snapshots: SnapshotCompiler;

  constructor(
    private readonly routes: RouteManager,
    filters: readonly FilterFactory[],
    clock: Clock = new SystemClock(),
  ) {
    this.compiler = new RouteCompiler(standardCatalogue([], filters), clock, { ownListeners: [] });
    this.snapshots = new SnapshotCompiler(this.compiler);
  }

  /** Creates or replaces; what is not named stays. */
  async put(...definitions: readonly { readonly id: string; readonly [key: string]: Json }[]): Promise<void> {
    await this.apply(definitions.map((definition) => this.upsert('route', definition.id, definition)));
  }

  async putGlobal(configId: string, configuration: Json): Promise<void> {
    await this.apply([this.upsert('global', configId, configuration)]);
  }

  async remove(id: string): Promise<void> {
    const previous = this.running.get(`route:${id}`) as Configured;
    this.running.delete(`route:${id}`);
    await this.apply([{ configType: 'route', configId: id, op: 'delete', previous }]);
  }

  /** `code pointer` of each problem that keeps a route with that filter from loading. */
  refusals(filter: Json): readonly string[] {
    const { problems } = this.compiler.compileRoute({
      id: 'refused',
      uri: 'no://op',
      predicates: ['Path=/'],
      filters: [filter],
    });
    return problems.map(({ code, pointer }) => `${code} ${pointer}`);
  }

  /** Likewise of what is allowed and yet reported. */
  warnings(filter: Json): readonly string[] {
    const definition = { id: 'reported', uri: 'no://op', predicates: ['Path=/'], filters: [filter] };
    return this.compiler.compileRoute(definition).warnings.map(({ code, pointer }) => `${code} ${pointer}`);
  }

  /** As the actuator shows it. */
  text(filter: Json): string {
    const { result, problems } = this.compiler.compileRoute({ id: 'shown', uri: 'no://op', filters: [filter] });
    if (result === undefined) throw new RouteCompileError('shown', problems);
    return String(result.filters[0]?.filter);
  }

  private upsert(configType: 'route' | 'global', configId: string, configuration: Json): Change {
    const key = `${configType}:${configId}`;
    const previous = this.running.get(key);
    const next: Configured = {
      configuration,
      hash: JSON.stringify(configuration),
      source: 'api',
      position: { source: 'api', document: configId, line: 0, column: 0 },
      rank: [0, configId, 0],
    };
    this.running.set(key, next);
    return { configType, configId, op: 'upsert', next, ...(previous && { previous }) };
  }

  private async apply(changes: readonly Change[]): Promise<void> {
    this.routes.swap(await this.snapshots.compile(this.routes.current, { changes }));
  }
}
