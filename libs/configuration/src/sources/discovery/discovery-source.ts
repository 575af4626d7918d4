import { createHash } from 'node:crypto';
import type { Json, SourceDocument, SourceUpdate } from '@tigateway/model';
import { ConfigurationSource, type SourceSink } from '../configuration-source.js';
import type { DiscoveryRoutes } from './discovery-routes.js';
import type { KnownServices } from './known-services.js';

/**
 * A route for every service that is known, by the way that all configuration goes. Each service is a document of its own, so that
 * a name that makes no sound route keeps no other from having one.
 */
export class DiscoverySource extends ConfigurationSource {
  readonly name = 'discovery';
  /** What was delivered, as text, by service. */
  private delivered: ReadonlyMap<string, string> = new Map();
  private delivering: Promise<void> = Promise.resolve();
  private unfollow: (() => void) | undefined;

  constructor(
    private readonly services: KnownServices,
    private readonly routes: DiscoveryRoutes,
  ) {
    super();
  }

  async start(sink: SourceSink): Promise<void> {
    this.unfollow = this.services.onChange(() => void this.deliver(sink, false));
    await this.deliver(sink, true);
  }

  read(): Promise<SourceUpdate> {
    const current = this.current();
    return Promise.resolve(this.updateOf(current, [...current.keys()], [], true));
  }

  async stop(): Promise<void> {
    this.unfollow?.();
    this.unfollow = undefined;
    await this.delivering;
  }

  /** One delivery after the other; what did not change is not in it. */
  private deliver(sink: SourceSink, complete: boolean): Promise<void> {
    this.delivering = this.delivering.then(async () => {
      const current = this.current();
      const { delivered } = this;
      const changed = [...current.keys()].filter((name) => complete || delivered.get(name) !== current.get(name));
      const removed = [...delivered.keys()].filter((name) => !current.has(name));
      this.delivered = current;
      if (!complete && changed.length === 0 && removed.length === 0) return;
      await sink.deliver(this.updateOf(current, changed, removed, complete));
    });
    return this.delivering;
  }

  private current(): Map<string, string> {
    const current = new Map<string, string>();
    for (const service of this.services.names) {
      const route = this.routes.routeFor(service);
      if (route !== undefined) current.set(service, JSON.stringify(route));
    }
    return current;
  }

  private updateOf(
    current: ReadonlyMap<string, string>,
    changed: readonly string[],
    removed: readonly string[],
    complete: boolean,
  ): SourceUpdate {
    const hash = createHash('sha256');
    for (const [name, text] of current) hash.update(`${name}\n${text}\n`);
    const documents = changed.map((name) =>
      documentOf(name, JSON.parse(current.get(name) as string) as Json & { id: string }),
    );
    return { source: this.name, revision: hash.digest('hex').slice(0, 16), documents, removed, complete };
  }
}

function documentOf(service: string, route: Json & { readonly id: string }): SourceDocument {
  const position = { source: 'discovery', document: service, line: 0, column: 0 };
  return {
    kind: 'objects',
    name: service,
    objects: [{ configType: 'route', configId: route.id, configuration: route, pointer: '', position }],
  };
}
