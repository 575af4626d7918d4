import type { CorsSettings } from '@tigateway/routing';

const METHODS_BY_DEFAULT = ['GET', 'HEAD'];

/** What other origins may do, ready to be asked. */
export class CorsPolicy {
  private readonly anyOrigin: boolean;
  private readonly origins: ReadonlySet<string>;
  private readonly patterns: readonly RegExp[];
  private readonly methods: readonly string[];
  private readonly anyMethod: boolean;
  private readonly anyHeader: boolean;
  private readonly allowedHeaders: ReadonlyMap<string, string>;

  private constructor(private readonly settings: CorsSettings) {
    this.origins = new Set(settings.allowedOrigins.map(comparable));
    this.anyOrigin = this.origins.has('*');
    this.patterns = settings.allowedOriginPatterns.map(originPattern);
    this.methods = settings.allowedMethods.length > 0 ? settings.allowedMethods.map(upper) : METHODS_BY_DEFAULT;
    this.anyMethod = this.methods.includes('*');
    this.anyHeader = settings.allowedHeaders.includes('*');
    this.allowedHeaders = new Map(settings.allowedHeaders.map((name) => [name.toLowerCase(), name]));
  }

  private static readonly made = new WeakMap<CorsSettings, CorsPolicy>();

  /** One policy for one settings object, which lives as long as its route or global configuration is unchanged. */
  static of(settings: CorsSettings): CorsPolicy {
    let policy = CorsPolicy.made.get(settings);
    if (policy === undefined) CorsPolicy.made.set(settings, (policy = new CorsPolicy(settings)));
    return policy;
  }

  /** True: preflights are the upstream's to answer. */
  get passesPreflights(): boolean {
    return this.settings.passthrough;
  }

  /** @returns the header lines that let `origin` read the response, or `undefined` where it may not ask with this method */
  allow(origin: string, method: string): string[] | undefined {
    const allowed = this.allowedOrigin(origin);
    if (allowed === undefined || !this.allowsMethod(method)) return undefined;
    const lines = this.linesFor(allowed);
    const { exposedHeaders } = this.settings;
    if (exposedHeaders.length > 0) lines.push('Access-Control-Expose-Headers', exposedHeaders.join(','));
    return lines;
  }

  /** @param headers the names that `Access-Control-Request-Headers` lists */
  allowPreflight(
    origin: string,
    method: string,
    headers: readonly string[],
    asksPrivateNetwork: boolean,
  ): string[] | undefined {
    const allowed = this.allowedOrigin(origin);
    if (allowed === undefined || !this.allowsMethod(method)) return undefined;
    const grantedHeaders = headers.filter((name) => this.anyHeader || this.allowedHeaders.has(name.toLowerCase()));
    // As Spring does: what is not allowed is left out, and only a request with nothing left is refused.
    if (headers.length > 0 && grantedHeaders.length === 0) return undefined;
    const lines = this.linesFor(allowed);
    lines.push('Access-Control-Allow-Methods', this.anyMethod ? method : this.methods.join(','));
    if (grantedHeaders.length > 0) lines.push('Access-Control-Allow-Headers', grantedHeaders.join(', '));
    const { maxAgeSeconds, allowPrivateNetwork } = this.settings;
    if (maxAgeSeconds !== undefined) lines.push('Access-Control-Max-Age', String(maxAgeSeconds));
    if (asksPrivateNetwork && allowPrivateNetwork) lines.push('Access-Control-Allow-Private-Network', 'true');
    return lines;
  }

  private linesFor(allowedOrigin: string): string[] {
    const lines = ['Access-Control-Allow-Origin', allowedOrigin];
    if (this.settings.allowCredentials) lines.push('Access-Control-Allow-Credentials', 'true');
    return lines;
  }

  private allowedOrigin(origin: string): string | undefined {
    if (this.anyOrigin) return '*';
    const compared = comparable(origin);
    return this.origins.has(compared) || this.patterns.some((pattern) => pattern.test(compared)) ? origin : undefined;
  }

  private allowsMethod(method: string): boolean {
    return this.anyMethod || this.methods.includes(method);
  }
}

/** `https://*.example.org:[8080,8081]`: `*` stands for anything, the bracket for one of the ports or `*`. */
function originPattern(text: string): RegExp {
  const [, host = text, ports] = /^(.*?)(?::\[([\d,*\s]+)\])?$/.exec(text) ?? [];
  const source = comparable(host)
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  if (ports === undefined) return new RegExp(`^${source}$`);
  if (ports.includes('*')) return new RegExp(`^${source}(?::\\d+)?$`);
  const alternatives = ports.split(',').map((port) => port.trim());
  return new RegExp(`^${source}:(?:${alternatives.join('|')})$`);
}

function comparable(origin: string): string {
  const lower = origin.toLowerCase();
  return lower.endsWith('/') ? lower.slice(0, -1) : lower;
}

function upper(text: string): string {
  return text.toUpperCase();
}
