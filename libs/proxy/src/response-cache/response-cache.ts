/** A response as it is given again. */
export interface CachedResponse {
  readonly status: number;
  /** `[name, value, …]`, without framing. */
  readonly lines: readonly string[];
  readonly body: Buffer;
}

interface Stored extends CachedResponse {
  readonly expiresAtMs: number;
}

/** A client's request, as far as it decides which response it gets. */
export interface CacheQuestion {
  /** All that always counts. */
  readonly base: string;
  /** The value of a header that the response varies by. */
  readonly header: (name: string) => string;
}

/** What one entry counts beside its body. */
const ENTRY_BYTES = 512;

/**
 * Responses by request, for a time and up to a size. All live equally long, so that the oldest are the first to expire and the
 * first to make room.
 */
export class ResponseCache {
  private readonly responses = new Map<string, Stored>();
  /** Headers that the responses to a base question vary by. */
  private readonly varied = new Map<string, { readonly names: readonly string[]; readonly expiresAtMs: number }>();
  private usedBytes = 0;

  constructor(
    private readonly timeToLiveMs: number,
    readonly maxBytes: number,
  ) {}

  get size(): number {
    return this.responses.size;
  }

  find(
    question: CacheQuestion,
    nowMs: number,
  ): { readonly response: CachedResponse; readonly leftMs: number } | undefined {
    const names = this.varied.get(question.base)?.names;
    if (names === undefined) return undefined;
    const response = this.responses.get(keyOf(question, names));
    if (response === undefined || response.expiresAtMs <= nowMs) return undefined;
    return { response, leftMs: response.expiresAtMs - nowMs };
  }

  store(question: CacheQuestion, names: readonly string[], response: CachedResponse, nowMs: number): void {
    this.expire(nowMs);
    const bytes = bytesOf(response);
    if (bytes > this.maxBytes) return;
    const expiresAtMs = nowMs + this.timeToLiveMs;
    const key = keyOf(question, names);
    this.remove(key);
    this.varied.delete(question.base);
    this.varied.set(question.base, { names, expiresAtMs });
    this.responses.set(key, { ...response, expiresAtMs });
    this.usedBytes += bytes;
    for (const oldest of this.responses.keys()) {
      if (this.usedBytes <= this.maxBytes) break;
      this.remove(oldest);
    }
  }

  private expire(nowMs: number): void {
    for (const [key, { expiresAtMs }] of this.responses) {
      if (expiresAtMs > nowMs) break;
      this.remove(key);
    }
    for (const [base, { expiresAtMs }] of this.varied) {
      if (expiresAtMs > nowMs) break;
      this.varied.delete(base);
    }
  }

  private remove(key: string): void {
    const known = this.responses.get(key);
    if (known === undefined) return;
    this.responses.delete(key);
    this.usedBytes -= bytesOf(known);
  }
}

function keyOf({ base, header }: CacheQuestion, names: readonly string[]): string {
  return names.reduce((key, name) => `${key}\n${name}: ${header(name)}`, base);
}

function bytesOf({ body }: CachedResponse): number {
  return body.length + ENTRY_BYTES;
}
