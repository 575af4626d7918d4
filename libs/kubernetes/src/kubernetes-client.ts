import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { ClusterCredentials } from './cluster-credentials.js';
import { KubernetesError } from './kubernetes-error.js';
import type { KubernetesObject } from './kubernetes-object.js';
import { apiVersionOf, type ResourceSelection, type ResourceType } from './resources.js';

/** How many objects a page of a list has: its JSON is read without holding the event loop for long. */
const PAGE_SIZE = 500;

/** How often a list begins anew because its pages went out of date under it. */
const LIST_ATTEMPTS = 4;

/** How long a kept connection may take to begin an answer, in milliseconds, before a new one is tried. */
const KEPT_CONNECTION_MS = 4_000;

/** Codes of a connection that was dead when it was used. */
const DEAD_CONNECTION = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** How often, and for how long at most, a request waits because the API server asks for it. */
const BUSY_ATTEMPTS = 3;
const MAX_BUSY_WAIT_MS = 5_000;

const CONTENT_TYPES = { merge: 'application/merge-patch+json', apply: 'application/apply-patch+yaml' } as const;

export interface KubernetesClientOptions {
  /** A file; empty: the service account of the pod, else `KUBECONFIG`, else `~/.kube/config`. */
  readonly kubeconfig?: string;
  /** Of the kubeconfig; empty: the current one. */
  readonly context?: string;
  /** The gateway's own; empty: the service account's, else the context's, else `tigateway`. */
  readonly namespace?: string;
  /** Where the file system of the pod begins; tests have one of their own. */
  readonly root?: string;
  /** In which a request must be answered whole, in milliseconds; a watch is none. */
  readonly requestTimeoutMs?: number;
}

export interface CallOptions {
  /** In place of the client's. */
  readonly timeoutMs?: number;
  /** Gives the call up. */
  readonly signal?: AbortSignal;
}

export interface ObjectList<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

export interface ObjectPatch {
  readonly name: string;
  readonly namespace?: string;
  readonly subresource?: string;
  readonly body: unknown;
  /** `apply`: server-side apply, which takes fields from whoever holds them. */
  readonly as: 'merge' | 'apply';
  readonly fieldManager?: string;
}

export interface ObjectDeletion {
  readonly name: string;
  readonly namespace?: string;
  /** Where one is given, only that very state is deleted. */
  readonly resourceVersion?: string;
  readonly uid?: string;
}

interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

interface Waits {
  readonly signal: AbortSignal;
  /** For the head of the answer, in milliseconds. */
  readonly headMs: number;
  /** Between two parts of its body. */
  readonly silenceMs: number;
}

export interface StreamOptions {
  readonly signal: AbortSignal;
  /** Silence that ends it, in milliseconds. */
  readonly silenceMs: number;
}

/** A watch, as who reports of the client sees it. */
export interface WatchState {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly isUp: boolean;
  /** Why it cannot be read at the moment; `undefined` where it can. */
  readonly downReason: string | undefined;
  /** How often it was opened again. */
  readonly restarts: number;
  readonly size: number;
}

/**
 * The API server. Every failure is a KubernetesError: its status is the server's, or 0 where it was not reached in time. What it
 * refuses as unauthorized is asked once more with credentials that were read anew. Answers carry no `managedFields`.
 */
export class KubernetesClient {
  /** All that run on this client. */
  readonly watches = new Set<WatchState>();
  private unreachable: KubernetesError | undefined;
  private readonly recoveryListeners = new Set<() => void>();

  private constructor(
    private readonly credentials: ClusterCredentials,
    /** The gateway's own. */
    readonly namespace: string,
    private readonly requestTimeoutMs: number,
  ) {}

  /** Reads the credentials; the server is not asked yet. @throws KubernetesError */
  static async open(options: KubernetesClientOptions = {}): Promise<KubernetesClient> {
    const { kubeconfig = '', context = '', namespace = '', root = '/', requestTimeoutMs = 15_000 } = options;
    const credentials = await ClusterCredentials.load({ kubeconfig, context, root });
    return new KubernetesClient(credentials, namespace || (credentials.namespace ?? 'tigateway'), requestTimeoutMs);
  }

  /** Why the last request did not reach the server; `undefined` where it did. */
  get lastFailure(): KubernetesError | undefined {
    return this.unreachable;
  }

  /** Tells when the server answers again after it could not be reached. @returns what takes the listener away */
  onRecovery(listener: () => void): () => void {
    this.recoveryListeners.add(listener);
    return () => this.recoveryListeners.delete(listener);
  }

  /** `undefined`: there is none. */
  async get<T>(type: ResourceType, name: string, namespace?: string, call: CallOptions = {}): Promise<T | undefined> {
    try {
      return await this.send<T>({ method: 'GET', path: pathOf(type, namespace, name) }, call);
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** All, read page by page, as they are at this moment: nothing that was written before the call is missing. */
  async list<T>(type: ResourceType, selection: ResourceSelection = {}, call: CallOptions = {}): Promise<ObjectList<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.listOnce<T>(type, selection, call);
      } catch (error) {
        const isOutdated = error instanceof KubernetesError && error.status === 410;
        if (!isOutdated || attempt === LIST_ATTEMPTS) throw error;
      }
    }
  }

  /** The revision of the whole cluster at this moment. */
  async currentVersion(type: ResourceType, selection: ResourceSelection = {}, call: CallOptions = {}): Promise<string> {
    return (await this.page(type, selection, { limit: 1 }, call)).metadata.resourceVersion;
  }

  /** @throws KubernetesError 409 `AlreadyExists` */
  async create<T extends KubernetesObject>(type: ResourceType, object: T, call: CallOptions = {}): Promise<T> {
    const path = pathOf(type, object.metadata.namespace);
    return this.send<T>({ method: 'POST', path, body: typed(type, object) }, call);
  }

  /**
   * Compare-and-set where `metadata.resourceVersion` is given.
   * @throws KubernetesError 409 `Conflict` where it has changed since, 404 where it is gone
   */
  async replace<T extends KubernetesObject>(type: ResourceType, object: T, call: CallOptions = {}): Promise<T> {
    const path = pathOf(type, object.metadata.namespace, object.metadata.name);
    return this.send<T>({ method: 'PUT', path, body: typed(type, object) }, call);
  }

  async patch<T>(type: ResourceType, patch: ObjectPatch, call: CallOptions = {}): Promise<T> {
    const { name, namespace, subresource, as, fieldManager } = patch;
    const isApply = as === 'apply';
    const body = isApply ? typed(type, patch.body as object) : patch.body;
    return this.send<T>(
      {
        method: 'PATCH',
        path: pathOf(type, namespace, name) + (subresource === undefined ? '' : `/${subresource}`),
        query: { fieldManager: fieldManager ?? (isApply ? 'tigateway' : undefined), force: isApply || undefined },
        body,
        contentType: CONTENT_TYPES[as],
      },
      call,
    );
  }

  /** @throws KubernetesError 404 where it is gone already, 409 where it is not in the state that was given */
  async delete(type: ResourceType, deletion: ObjectDeletion, call: CallOptions = {}): Promise<void> {
    const { name, namespace, resourceVersion, uid } = deletion;
    const body = { preconditions: { resourceVersion, uid } };
    await this.send({ method: 'DELETE', path: pathOf(type, namespace, name), body }, call);
  }

  /** The answer of a watch, as it comes. @throws KubernetesError where it is refused or not answered in time */
  async stream(
    type: ResourceType,
    selection: ResourceSelection,
    query: Readonly<Record<string, string | number | boolean>>,
    { signal, silenceMs }: StreamOptions,
  ): Promise<AsyncIterable<Buffer>> {
    const path = pathOf(type, selection.namespace);
    const asked: ApiRequest = { method: 'GET', path, query: { ...query, ...selectors(selection) } };
    const { body } = await this.exchange(asked, {
      signal,
      headMs: Math.min(silenceMs, this.requestTimeoutMs),
      silenceMs,
    });
    return this.chunksOf(body, asked);
  }

  async close(): Promise<void> {
    await this.credentials.close();
  }

  private async *chunksOf(body: AsyncIterable<Buffer>, asked: ApiRequest): AsyncGenerator<Buffer> {
    try {
      yield* body;
    } catch (error) {
      throw this.notReached(asked, error);
    }
  }

  private async listOnce<T>(
    type: ResourceType,
    selection: ResourceSelection,
    call: CallOptions,
  ): Promise<ObjectList<T>> {
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const { metadata, items: page } = await this.page(type, selection, { limit: PAGE_SIZE, continue: next }, call);
      for (const item of page) items.push(withoutManagedFields(typed(type, item)) as T);
      next = metadata.continue || undefined;
      if (next === undefined) return { items, resourceVersion: metadata.resourceVersion };
    }
  }

  private async page(
    type: ResourceType,
    selection: ResourceSelection,
    query: { limit: number; continue?: string },
    call: CallOptions,
  ): Promise<Page> {
    const path = pathOf(type, selection.namespace);
    return this.send<Page>({ method: 'GET', path, query: { ...query, ...selectors(selection) } }, call);
  }

  private async send<T>(asked: ApiRequest, call: CallOptions): Promise<T> {
    const { timeoutMs = this.requestTimeoutMs } = call;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = call.signal ? AbortSignal.any([timeout, call.signal]) : timeout;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.exchange(asked, { signal, headMs: timeoutMs, silenceMs: timeoutMs });
        return withoutManagedFields((await this.read(answer, asked)) as KubernetesObject) as T;
      } catch (error) {
        const waitMs = error instanceof KubernetesError && error.status === 429 ? error.retryAfterMs : undefined;
        if (waitMs === undefined || waitMs > MAX_BUSY_WAIT_MS || attempt === BUSY_ATTEMPTS) throw error;
        await delay(waitMs, undefined, { ref: false });
      }
    }
  }

  private async read({ body }: Dispatcher.ResponseData, asked: ApiRequest): Promise<unknown> {
    try {
      return await body.json();
    } catch (error) {
      throw this.notReached(asked, error);
    }
  }

  /** The head of a good answer. */
  private async exchange(asked: ApiRequest, waits: Waits): Promise<Dispatcher.ResponseData> {
    const answer = await this.exchangeOnLiveConnection(asked, waits);
    if (answer.statusCode !== 401) return this.good(answer);
    await answer.body.dump();
    await this.credentials.reload();
    return this.good(await this.exchangeOnce(asked, waits));
  }

  /** A connection that was kept may have died unseen: what only reads is asked again on a new one. */
  private async exchangeOnLiveConnection(asked: ApiRequest, waits: Waits): Promise<Dispatcher.ResponseData> {
    if (asked.method !== 'GET') return this.exchangeOnce(asked, waits);
    try {
      return await this.exchangeOnce(asked, { ...waits, headMs: Math.min(waits.headMs, KEPT_CONNECTION_MS) });
    } catch (error) {
      const { code = '' } = ((error as KubernetesError).cause ?? {}) as { code?: string };
      if (!DEAD_CONNECTION.has(code)) throw error;
      this.credentials.dropConnections();
      return this.exchangeOnce(asked, waits);
    }
  }

  private async good(answer: Dispatcher.ResponseData): Promise<Dispatcher.ResponseData> {
    if (answer.statusCode < 300) return answer;
    const text = await answer.body.text().catch(() => '');
    throw KubernetesError.ofAnswer(answer.statusCode, text, answer.headers['retry-after'] as string | undefined);
  }

  private async exchangeOnce(
    asked: ApiRequest,
    { signal, headMs, silenceMs }: Waits,
  ): Promise<Dispatcher.ResponseData> {
    const { method, path, query, body, contentType = 'application/json' } = asked;
    try {
      const { request } = await import('undici');
      const { server, headers, dispatcher } = await this.credentials.connection();
      const answering = request(server + path + queryText(query), {
        method,
        dispatcher,
        signal,
        headersTimeout: headMs,
        bodyTimeout: silenceMs,
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': 'tigateway',
          ...(body === undefined ? {} : { 'content-type': contentType }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const answer = await unlessAborted(answering, signal);
      this.reached();
      return answer;
    } catch (error) {
      throw this.notReached(asked, error);
    }
  }

  private reached(): void {
    if (!this.unreachable) return;
    this.unreachable = undefined;
    for (const listener of [...this.recoveryListeners]) listener();
  }

  private notReached({ method, path }: ApiRequest, cause: unknown): KubernetesError {
    const error = cause instanceof KubernetesError ? cause : KubernetesError.notReached(`${method} ${path}`, cause);
    if (error.reason === 'Timeout') this.credentials.dropConnections();
    // Who gave up by himself has learnt nothing of the server.
    if ((cause as Error).name !== 'AbortError') this.unreachable = error;
    return error;
  }
}

/** undici heeds the signal of a request only when it has a connection for it; it is never sent after that. */
async function unlessAborted<T>(answering: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason as Error);
  });
  signal.addEventListener('abort', giveUp);
  try {
    return await Promise.race([answering, givenUp]);
  } finally {
    signal.removeEventListener('abort', giveUp);
    // Whoever loses the race fails on its own.
    answering.catch(() => undefined);
  }
}

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: KubernetesObject[];
}

function pathOf(type: ResourceType, namespace?: string, name?: string): string {
  const root = type.group === '' ? '/api' : '/apis';
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}/${apiVersionOf(type)}${place}/${type.plural}${object}`;
}

function selectors({ labelSelector, fieldSelector }: ResourceSelection): Record<string, string | undefined> {
  return { labelSelector: labelSelector || undefined, fieldSelector: fieldSelector || undefined };
}

function queryText(query: ApiRequest['query'] = {}): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) text.set(name, String(value));
  return text.size === 0 ? '' : `?${text.toString()}`;
}

/** Items of lists do not say what they are, and neither need those who write. */
function typed<T extends object>(type: ResourceType, object: T): T {
  return { apiVersion: apiVersionOf(type), kind: type.kind, ...object };
}

/** Who set which field is often more than the object itself. */
export function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  const metadata = object.metadata as { managedFields?: unknown } | undefined;
  if (metadata) delete metadata.managedFields;
  return object;
}
