import { Injectable } from '@nestjs/common';
import {
  type Change,
  Clock,
  EventBus,
  forEachSliced,
  RouteRefreshedEvent,
  RoutesRefreshedEvent,
} from '@tigateway/model';
import { RouteManager, type Snapshot, SnapshotCompiler } from '@tigateway/routing';

/** Makes the next snapshot aside, and moves the one reference by which traffic sees it. */
@Injectable()
export class RouteRefreshService {
  constructor(
    private readonly compiler: SnapshotCompiler,
    private readonly routes: RouteManager,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  /** The snapshot that serves. */
  get current(): Snapshot {
    return this.routes.current;
  }

  get revision(): number {
    return this.routes.current.revision;
  }

  /** @throws RouteCompileError; what runs is untouched */
  async prepare(changes: readonly Change[]): Promise<Snapshot> {
    return changes.length > 0 ? this.compiler.compile(this.routes.current, { changes }) : this.routes.current;
  }

  /** The very next request meets `snapshot`. @returns whether it is another than before */
  refreshRoutes(snapshot: Snapshot): boolean {
    if (snapshot === this.routes.current) return false;
    this.routes.swap(snapshot);
    return true;
  }

  /** Tells what `refreshRoutes` has put in place. Gives the event loop away between events. */
  async announce(snapshot: Snapshot): Promise<void> {
    const now = this.clock.now();
    await forEachSliced(snapshot.changedRouteIds, (routeId) =>
      this.events.publish('route.refreshed', new RouteRefreshedEvent(routeId, now)),
    );
    this.events.publish('routes.refreshed', new RoutesRefreshedEvent(snapshot.revision, now));
  }
}
