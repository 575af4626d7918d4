import { emptyRecord, isJsonObject, type Json } from '@tigateway/model';
import { stepsAlong, propertyPath, type PropertyStep } from './property-path.js';

/** Injection token of the environment that placeholders are replaced from. */
export const ENVIRONMENT = Symbol('ENVIRONMENT');

export type Environment = Readonly<Record<string, string | undefined>>;

/** Placeholders within placeholders: a circle ends here and stays unresolved. */
const MAX_NESTING = 16;

/**
 * Replaces `${NAME}` and `${NAME:default}` in the texts of a configuration: from the environment (`user-service.url` also as
 * `USER_SERVICE_URL`), then from the document's own keys, then by the default. What cannot be resolved stays as it is, and so
 * does what follows a `$\{`. Keys are never replaced, and a replaced value that came from the environment is not read again.
 */
export class Placeholders {
  private readonly known = new Map<string, string | undefined>();

  /** @param roots the document's own content, for names that the environment does not know */
  constructor(
    private readonly environment: Environment,
    private readonly roots: readonly Json[] = [],
  ) {}

  /** What holds no placeholder is returned as it is. */
  resolve<T extends Json>(value: T): T {
    return this.resolveJson(value) as T;
  }

  private resolveJson(value: Json): Json {
    if (typeof value === 'string') return value.includes('${') ? this.resolveText(value, 0) : value;
    if (Array.isArray(value)) {
      const items = value as readonly Json[];
      const resolved = items.map((item) => this.resolveJson(item));
      return resolved.every((item, index) => item === items[index]) ? items : resolved;
    }
    if (!isJsonObject(value)) return value;
    let copy: Record<string, Json> | undefined;
    for (const key of Object.keys(value)) {
      const resolved = this.resolveJson(value[key] as Json);
      if (resolved === value[key]) continue;
      copy ??= Object.assign(emptyRecord(), value);
      copy[key] = resolved;
    }
    return copy ?? value;
  }

  private resolveText(text: string, nesting: number): string {
    let result = '';
    let from = 0;
    for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', from)) {
      const end = closingBrace(text, start + 2);
      if (end < 0) break;
      const resolved = nesting < MAX_NESTING ? this.resolveName(text.slice(start + 2, end), nesting + 1) : undefined;
      result += text.slice(from, start) + (resolved ?? text.slice(start, end + 1));
      from = end + 1;
    }
    return result + text.slice(from);
  }

  private resolveName(expression: string, nesting: number): string | undefined {
    const inner = expression.includes('${') ? this.resolveText(expression, nesting) : expression;
    const colon = inner.indexOf(':');
    return (
      this.lookUp(colon < 0 ? inner : inner.slice(0, colon), nesting) ??
      (colon < 0 ? undefined : inner.slice(colon + 1))
    );
  }

  private lookUp(name: string, nesting: number): string | undefined {
    const fromEnvironment = this.fromEnvironment(name);
    if (fromEnvironment !== undefined) return fromEnvironment;
    if (this.known.has(name)) return this.known.get(name);
    const own = this.fromOwnKeys(name);
    const value = own === undefined ? undefined : this.resolveText(own, nesting);
    this.known.set(name, value);
    return value;
  }

  private fromEnvironment(name: string): string | undefined {
    if (Object.hasOwn(this.environment, name)) return this.environment[name];
    if (!/[.-]/.test(name)) return undefined;
    const upper = name.replace(/[.-]/g, '_').toUpperCase();
    return Object.hasOwn(this.environment, upper) ? this.environment[upper] : undefined;
  }

  private fromOwnKeys(name: string): string | undefined {
    const path = propertyPath(name);
    for (const root of this.roots) {
      const value = valueAt(root, path);
      if (value !== undefined) return String(value);
    }
    return undefined;
  }
}

/**
 * A configuration as a document has to write it so that reading it replaces nothing: `${` becomes `${:$}{`, a placeholder without
 * a name whose default is the dollar.
 */
export function withoutPlaceholders(value: Json): Json {
  // Hardly any configuration holds one: the others are not copied.
  return holdsPlaceholder(value) ? protectedCopy(value) : value;
}

function holdsPlaceholder(value: Json): boolean {
  if (typeof value === 'string') return value.includes('${');
  if (typeof value !== 'object' || value === null) return false;
  for (const member of Object.values(value as Record<string, Json>)) if (holdsPlaceholder(member)) return true;
  return false;
}

function protectedCopy(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('${', '${:$}{');
  if (Array.isArray(value)) return (value as readonly Json[]).map(protectedCopy);
  if (!isJsonObject(value)) return value;
  const copy = emptyRecord();
  for (const key of Object.keys(value)) copy[key] = protectedCopy(value[key] as Json);
  return copy;
}

function closingBrace(text: string, from: number): number {
  for (let at = from, open = 1; at < text.length; at++) {
    if (text[at] === '{') open++;
    else if (text[at] === '}' && --open === 0) return at;
  }
  return -1;
}

/** The scalar that a property name leads to, through nested and dotted keys alike. */
function valueAt(node: Json, path: readonly PropertyStep[]): string | number | boolean | undefined {
  if (path.length === 0) return typeof node === 'object' ? undefined : node;
  if (Array.isArray(node)) {
    const item = typeof path[0] === 'number' ? (node as readonly Json[])[path[0]] : undefined;
    return item === undefined ? undefined : valueAt(item, path.slice(1));
  }
  if (!isJsonObject(node)) return undefined;
  for (const key of Object.keys(node)) {
    const steps = stepsAlong(key, path);
    const found = steps > 0 && steps <= path.length ? valueAt(node[key] as Json, path.slice(steps)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
