/** What probes and scrapers may ask without a token and by any name: they cannot be given either. */
const OPEN = ['/actuator/health', '/actuator/prometheus', '/actuator/info'];

/** @param path without the query, as it came */
export function isOpenEndpoint(method: string, path: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return OPEN.includes(path) || path.startsWith('/actuator/health/');
}
