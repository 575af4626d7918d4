/**
 * What happens to a path that an upstream may read differently from us. `dangerous`, the default, refuses what no honest
 * client sends: encoded NUL, backslash and dot segments. `reject` also refuses `%2F`, `//` and plain dot segments.
 */
export type AmbiguousPathPolicy = 'dangerous' | 'reject' | 'allow';

const DANGEROUS = /%00|%5c|\/(?:\.?%2e|%2e\.)(?=[/;]|$)|\/%2e%2e(?=[/;]|$)/i;
const AMBIGUOUS = /%2f|\/\/|\\|\/\.\.?(?=[/;]|$)/i;

export function isRefusedPath(path: string, policy: AmbiguousPathPolicy): boolean {
  switch (policy) {
    case 'allow':
      return false;
    case 'dangerous':
      return path.includes('%') && DANGEROUS.test(path);
    case 'reject':
      return DANGEROUS.test(path) || AMBIGUOUS.test(path);
  }
}
