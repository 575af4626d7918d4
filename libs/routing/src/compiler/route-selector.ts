import { isGlob, matchesGlob } from '@tigateway/model';

/** Which routes a named filter joins: ids and globs (`*` is any text, `?` one character); without either, all of them. */
export class RouteSelector {
  /** Plain ids among what was written. */
  readonly ids: readonly string[];
  private readonly globs: readonly string[];

  constructor(private readonly routes: readonly string[] | undefined) {
    this.ids = [...new Set(routes?.filter((text) => !isGlob(text)))];
    this.globs = routes?.filter(isGlob) ?? [];
  }

  /** True where the ids alone do not tell which routes are meant. */
  get hasPatterns(): boolean {
    return this.routes === undefined || this.globs.length > 0;
  }

  get namesAll(): boolean {
    return this.routes === undefined;
  }

  names(routeId: string): boolean {
    if (this.routes === undefined || this.ids.includes(routeId)) return true;
    return this.globs.some((glob) => matchesGlob(glob, routeId));
  }
}
