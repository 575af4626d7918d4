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

  names(routeId: string): boolean {
    if (this.routes === undefined || this.ids.includes(routeId)) return true;
    return this.globs.some((glob) => matchesGlob(glob, routeId));
  }
}

function isGlob(text: string): boolean {
  return /[*?]/.test(text);
}

/** Goes back to the last `*` only, so the time is at most the product of the two lengths. */
function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let next = 0;
  while (next < text.length) {
    if (glob[at] === '*') {
      star = at++;
      resume = next;
    } else if (glob[at] === '?' || glob[at] === text[next]) {
      at++;
      next++;
    } else if (star >= 0) {
      at = star + 1;
      next = ++resume;
    } else return false;
  }
  while (glob[at] === '*') at++;
  return at === glob.length;
}
