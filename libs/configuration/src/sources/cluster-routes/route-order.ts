/** How narrowly a route is meant, in the words of Ingress and Gateway API. */
export interface Specificity {
  /** A name, `*.name`, or `undefined` for any. */
  readonly host: string | undefined;
  /** `undefined`: whatever no other path takes. */
  readonly path: { readonly isExact: boolean; readonly text: string } | undefined;
  readonly hasMethod?: boolean;
  readonly headers?: number;
  readonly queryParams?: number;
}

const MAX_HOST = 254;
const MAX_PATH = 1_024;
/** The Gateway API allows 16 of each in a match. */
const MAX_MATCHES = 16;

/** From the most to the least important part, with the number of its values. */
const HOSTS = MAX_HOST + 2;
const PATHS = MAX_PATH + 2;
const COUNTS = MAX_MATCHES + 1;

/** The greatest order, of a route for any host and path. */
export const LAST_ORDER = HOSTS * PATHS * 2 * COUNTS * COUNTS;

/**
 * The `order` that puts routes of a cluster into the order which Ingress and Gateway API ask for, whoever made them and
 * without knowing each other: an exact host before a wildcard, the longer wildcard first; then the exact path, then the
 * longest; then those that name a method; then by the number of headers, then of query parameters. Always greater than 0, so
 * that what somebody wrote by hand, with Spring's default order, comes before it.
 */
export function routeOrder({ host, path, hasMethod = false, headers = 0, queryParams = 0 }: Specificity): number {
  const hostValue = host === undefined ? 0 : host.startsWith('*') ? Math.min(host.length, MAX_HOST) : HOSTS - 1;
  const pathValue = path === undefined ? 0 : path.isExact ? PATHS - 1 : Math.min(path.text.length, MAX_PATH);
  const counts = [headers, queryParams].map((count) => Math.min(count, MAX_MATCHES)) as [number, number];
  const value = [
    [PATHS, pathValue],
    [2, hasMethod ? 1 : 0],
    [COUNTS, counts[0]],
    [COUNTS, counts[1]],
  ].reduce((sum, [values = 1, each = 0]) => sum * values + each, hostValue);
  return LAST_ORDER - value;
}
