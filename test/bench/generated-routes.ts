/** A route as teams write them: a path of its own, a method, two filters. */
export interface GeneratedRoute {
  readonly id: string;
  readonly uri: string;
  readonly predicates: readonly string[];
  readonly filters: readonly string[];
}

export function generatedRoute(index: number, uri: string): GeneratedRoute {
  return {
    id: `route-${index}`,
    uri,
    predicates: [`Path=${generatedPath(index)}/**`, 'Method=GET,POST'],
    filters: ['StripPrefix=2', `AddRequestHeader=X-Route, route-${index}`],
  };
}

export function* generatedRoutes(count: number, uri: string): Generator<GeneratedRoute> {
  for (let index = 0; index < count; index += 1) yield generatedRoute(index, uri);
}

/** The path that only this route takes. */
export function generatedPath(index: number): string {
  return `/team-${index % 100}/service-${index}`;
}

/** A document of the file source; every JSON text is a YAML text, one route a line keeps positions meaningful. */
export function routesDocument(routes: readonly GeneratedRoute[]): string {
  const lines = routes.map(
    ({ id, uri, predicates, filters }) =>
      `  - id: ${id}\n    uri: ${uri}\n    predicates: ${JSON.stringify(predicates)}\n    filters: ${JSON.stringify(filters)}\n`,
  );
  return `routes:\n${lines.join('')}`;
}

/** A route that the gateway answers itself, with `revision` to be seen in the answer's `Location`. */
export function answeredRoute(id: string, path: string, revision: number): GeneratedRoute {
  return {
    id,
    uri: 'no://op',
    predicates: [`Path=${path}`],
    filters: [`RedirectTo=302, http://revision.test/${revision}`],
  };
}

export function seenRevision(location: string | undefined): number {
  return Number(location?.slice(location.lastIndexOf('/') + 1) ?? Number.NaN);
}
