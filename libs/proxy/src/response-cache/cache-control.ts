/** The directives of `Cache-Control` lines, in their order, names in lower case. Several may stand on one line. */
export function directivesOf(lines: readonly string[]): Map<string, string | undefined> {
  const directives = new Map<string, string | undefined>();
  for (const [, name = '', value] of lines.join(',').matchAll(/([^\s,=]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*))?/g)) {
    directives.set(name.toLowerCase(), value);
  }
  return directives;
}

/** What a client may do with a response that the gateway would give for `maxAgeSeconds` more. */
export function withMaxAge(lines: readonly string[], maxAgeSeconds: number): string {
  const directives = directivesOf(lines);
  directives.set('max-age', String(maxAgeSeconds));
  for (const name of ['must-revalidate', 'no-cache', 'no-store']) {
    if (maxAgeSeconds > 0) directives.delete(name);
    else if (name !== 'no-store') directives.set(name, undefined);
  }
  return [...directives].map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).join(', ');
}
