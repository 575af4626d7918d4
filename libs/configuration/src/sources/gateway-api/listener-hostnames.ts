/** A name, `*.name`, or `undefined` for any. */
export type Hostname = string | undefined;

/**
 * What a listener and a route take both, as the Gateway API intersects them: of a name and a wildcard that covers it the name, of
 * two wildcards the narrower one.
 * @returns empty where nothing is left
 */
export function commonHostnames(listener: Hostname, route: readonly string[]): readonly Hostname[] {
  if (route.length === 0) return [listener];
  if (listener === undefined) return route;
  return route.flatMap((each) => (covers(listener, each) ? [each] : covers(each, listener) ? [listener] : []));
}

/** `*.a.test` takes one or more labels before `.a.test`. */
function covers(wide: string, narrow: string): boolean {
  return wide === narrow || (wide.startsWith('*.') && narrow.endsWith(wide.slice(1)));
}
