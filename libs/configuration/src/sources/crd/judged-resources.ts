import { keyText } from '@tigateway/model';
import {
  type CustomResource,
  type CustomResourceKind,
  definitionOf,
  documentNameOf,
  isFor,
} from './custom-resource.js';

export interface JudgedResource {
  readonly kind: CustomResourceKind;
  readonly resource: CustomResource;
}

/** The custom resources of this gateway that have been taken in, as they were then, by the names of their documents. */
export class JudgedResources {
  private readonly resources = new Map<string, JudgedResource & { readonly key: string | undefined }>();
  /** Names by the key of what they define: several may define one. */
  private readonly byKey = new Map<string, Set<string>>();
  private readonly listeners = new Set<(names: readonly string[]) => void>();

  constructor(private readonly gateway: string) {}

  get(name: string): JudgedResource | undefined {
    return this.resources.get(name);
  }

  get names(): Iterable<string> {
    return this.resources.keys();
  }

  /** @param key as text, of a configuration */
  definersOf(key: string): Iterable<string> {
    return this.byKey.get(key) ?? [];
  }

  /**
   * Tells of what was taken in, accepted or not, and of others that define the same, which may have had to wait for it.
   * @returns a function that ends it
   */
  follow(listener: (names: readonly string[]) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  settled(kind: CustomResourceKind, resources: readonly CustomResource[], removed: readonly CustomResource[]): void {
    const told = new Set<string>();
    const tellRivals = (name: string): void => {
      const key = this.resources.get(name)?.key;
      if (key !== undefined) for (const rival of this.definersOf(key)) told.add(rival);
    };
    for (const resource of [...removed, ...resources]) {
      const name = documentNameOf(kind, resource);
      tellRivals(name);
      this.forget(name);
    }
    for (const resource of resources) {
      const name = documentNameOf(kind, resource);
      if (!isFor(this.gateway, resource)) continue;
      this.keep(name, { kind, resource });
      told.add(name);
      tellRivals(name);
    }
    const names = [...told].filter((name) => this.resources.has(name));
    for (const listener of this.listeners) listener(names);
  }

  private keep(name: string, judged: JudgedResource): void {
    const { object } = definitionOf(judged.kind, judged.resource);
    const key = object && keyText(object);
    this.resources.set(name, { ...judged, key });
    if (key === undefined) return;
    const definers = this.byKey.get(key) ?? new Set();
    this.byKey.set(key, definers.add(name));
  }

  private forget(name: string): void {
    const key = this.resources.get(name)?.key;
    this.resources.delete(name);
    if (key === undefined) return;
    const definers = this.byKey.get(key);
    definers?.delete(name);
    if (definers?.size === 0) this.byKey.delete(key);
  }
}
