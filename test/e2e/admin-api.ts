import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { GatewayProcess } from './gateway-process.js';

export interface Finding {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly position?: { readonly document: string; readonly line: number; readonly column: number };
}

export interface Problem {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly Finding[];
}

export interface SourceStatus {
  readonly name: string;
  readonly state: 'starting' | 'up' | 'stale' | 'down';
  readonly reason?: string;
  readonly documents: number;
  readonly rejected: readonly {
    readonly document: string;
    readonly problems: readonly Finding[];
    readonly servesLastGood: boolean;
  }[];
}

export interface Status {
  readonly revision: number;
  readonly hash: string;
  readonly sources: readonly SourceStatus[];
}

export interface Version {
  readonly version: string;
  readonly operation: string;
  readonly configuration: Record<string, unknown> | null;
}

export type Change =
  | { readonly op: 'upsert'; readonly configType: string; readonly configId: string; readonly configuration: unknown }
  | { readonly op: 'delete'; readonly configType: string; readonly configId: string };

/** The admin API of one gateway, as its users call it. */
export class AdminApi {
  constructor(private readonly gateway: Pick<GatewayProcess, 'adminUrl'>) {}

  get(path: string): Promise<Response> {
    return fetch(this.gateway.adminUrl + path);
  }

  async json<T>(path: string): Promise<T> {
    return (await (await this.get(path)).json()) as T;
  }

  send(method: string, path: string, body?: string | object, type = 'application/json'): Promise<Response> {
    return fetch(this.gateway.adminUrl + path, {
      method,
      ...(body !== undefined && {
        headers: { 'Content-Type': type },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    });
  }

  /** @throws Error with the problem where it is not answered by 200 */
  async write(method: string, path: string, body?: object): Promise<Response> {
    const response = await this.send(method, path, body);
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  batch(changes: readonly Change[]): Promise<Response> {
    return this.write('POST', '/api/configuration/batch', { changes });
  }

  status(): Promise<Status> {
    return this.json('/actuator/configuration/status');
  }

  async fileSource(): Promise<SourceStatus> {
    const source = (await this.status()).sources.find(({ name }) => name === 'file');
    if (!source) throw new Error('there is no file source');
    return source;
  }

  /** The file source as soon as this is true of it. */
  async fileSourceWhen(isTrue: (source: SourceStatus) => boolean): Promise<SourceStatus> {
    for (;;) {
      const source = await this.fileSource();
      if (isTrue(source)) return source;
    }
  }

  history(configType: string, configId: string): Promise<Version[]> {
    return this.json(`/api/configuration/history/${configType}/${configId}`);
  }
}

export type ConfigurationEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** What the gateway announces on its WebSocket. */
export class ConfigurationEvents {
  private readonly received: ConfigurationEvent[] = [];
  private arrived = (): void => undefined;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.received.push(JSON.parse(data.toString()) as ConfigurationEvent);
      this.arrived();
    });
  }

  static async of(gateway: GatewayProcess): Promise<ConfigurationEvents> {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.managementPort}/ws/configuration`);
    const events = new ConfigurationEvents(socket);
    await once(socket, 'open');
    // The answer says that this client counts among the receivers.
    events.send({ type: 'ping' });
    await events.next(({ type }) => type === 'pong');
    return events;
  }

  /** The next event not taken yet of which this is true; what came before it is dropped. */
  async next(isWanted: (event: ConfigurationEvent) => boolean): Promise<ConfigurationEvent> {
    for (;;) {
      const event = this.received.shift();
      if (event && isWanted(event)) return event;
      if (!event) await new Promise<void>((resolve) => (this.arrived = resolve));
    }
  }

  send(message: string | object): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  close(): void {
    this.socket.close();
  }
}
