/** What is kept of a request: neither its query nor its headers nor its body. */
export interface SampledRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Where it went; `null`: no route took it. */
  readonly routeId: string | null;
}

const KEPT = 1_000;
/** In characters; a longer path is not worth what it would hold on to. */
const MAX_PATH = 1_024;

/** The last requests, of a bounded number and size. */
export class RequestSample {
  private readonly requests: SampledRequest[] = [];
  private next = 0;

  keep(method: string, host: string, path: string, routeId: string | undefined): void {
    if (path.length > MAX_PATH || host.length > MAX_PATH) return;
    this.requests[this.next] = { method, host, path, routeId: routeId ?? null };
    this.next = (this.next + 1) % KEPT;
  }

  get newestFirst(): SampledRequest[] {
    return [...this.requests.slice(this.next), ...this.requests.slice(0, this.next)].reverse();
  }
}
