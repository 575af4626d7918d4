import { type KubernetesObject, objectKey, type ResourceListener, type ResourceWatch } from '@tigateway/kubernetes';
import {
  type Clock,
  forEachSliced,
  type Json,
  sameJson,
  type Scheduled,
  type SourceDocument,
  type SourceName,
  type SourceUpdate,
  TimeSlice,
} from '@tigateway/model';
import { ConfigurationSource, type SourceSink } from '../configuration-source.js';

/** A document that an object of the cluster holds. */
export interface ResourceDocument {
  readonly document: SourceDocument;
  /** What it was made of: as long as that is equal it is not delivered again. */
  readonly content: Json;
}

/** Objects of one kind that are watched, and what they say. */
export interface ResourceDocuments<T extends KubernetesObject = KubernetesObject> {
  readonly watch: Pick<ResourceWatch<T>, 'objects' | 'resourceVersion' | 'start' | 'relist' | 'stop'>;
  /** What they are, as a person would say where they cannot be read: `tigatewayroutes in shop`. */
  readonly called?: string;
  /** A function of the object. Names of documents are unique within the source. */
  documentsOf(object: T): readonly ResourceDocument[];
  /** Told of what has been taken in: documents of these objects are accepted or refused by now, or gone. */
  settled?(objects: readonly T[], removed: readonly T[]): void;
}

/** How soon a delivery is tried again that could not be taken over. */
const RETRY_MS = 1_000;

/** Objects that are told of at once when they have been taken in. */
const SETTLED_AT_ONCE = 100;

interface Change {
  readonly place: Place;
  /** As it is, or as it was last where it is gone. */
  readonly object: KubernetesObject;
  readonly isGone: boolean;
}

/**
 * Documents that objects of the cluster hold, each object its own. A watch that is away leaves its documents as they were delivered
 * last. The first change goes out at once; what comes while it is taken in goes out together.
 */
export class ResourceSource extends ConfigurationSource {
  private readonly places: readonly Place[];
  /** What was delivered, by document. */
  private readonly delivered = new Map<string, Json>();
  /** Names of the documents that were delivered, by object. */
  private readonly namesOf = new Map<string, readonly string[]>();
  private changed = new Map<string, Change>();
  private hasDeliveredAll = false;
  private isBack = false;
  private sink: SourceSink | undefined;
  private delivering: Promise<void> | undefined;
  private retry: Scheduled | undefined;

  constructor(
    readonly name: SourceName,
    watched: readonly ResourceDocuments[],
    private readonly clock: Clock,
  ) {
    super();
    this.places = watched.map((each, index) => new Place(index, each));
  }

  async start(sink: SourceSink): Promise<void> {
    await Promise.all(this.places.map((place) => place.watched.watch.start(this.listenerOf(place))));
    // Until here what came was only noted: the first delivery says all that there is.
    this.sink = sink;
    await this.deliver();
  }

  async read(): Promise<SourceUpdate> {
    await Promise.all(this.places.map(({ watched }) => watched.watch.relist()));
    const documents = [...this.everything()].map(({ document }) => document);
    return { source: this.name, revision: this.revision, documents, removed: [], complete: true };
  }

  async stop(): Promise<void> {
    this.sink = undefined;
    this.retry?.cancel();
    await Promise.all(this.places.map(({ watched }) => watched.watch.stop()));
    await this.delivering;
  }

  private listenerOf(place: Place): ResourceListener<KubernetesObject> {
    return {
      synced: () => {
        place.isSynced = true;
        this.isUp(place);
      },
      changed: ({ upserted, removed }) => {
        for (const object of upserted) this.changed.set(place.keyOf(object), { place, object, isGone: false });
        for (const object of removed) this.changed.set(place.keyOf(object), { place, object, isGone: true });
        void this.deliver();
      },
      down: (reason) => {
        const { called } = place.watched;
        place.downReason = called === undefined ? reason : `cannot read ${called}: ${reason}`;
        this.sink?.down(this.downReason as string);
      },
      up: () => this.isUp(place),
    };
  }

  private isUp(place: Place): void {
    this.isBack ||= place.downReason !== undefined;
    place.downReason = undefined;
    void this.deliver();
  }

  /** One delivery at a time. */
  private deliver(): Promise<void> {
    if (!this.sink) return Promise.resolve();
    this.delivering ??= this.deliverAll();
    return this.delivering;
  }

  private async deliverAll(): Promise<void> {
    this.retry?.cancel();
    // A watch tells of one thing by several calls.
    await Promise.resolve();
    try {
      while (this.sink && this.hasNews) {
        const complete = this.isAllKnown && !this.hasDeliveredAll;
        await this.deliverChanged(this.sink, complete);
        this.hasDeliveredAll ||= complete;
      }
    } catch (error) {
      this.sink?.down(`could not be taken over: ${(error as Error).message}`);
      this.isBack = true;
      if (this.sink) this.retry = this.clock.schedule(RETRY_MS, () => void this.deliver());
    }
    const { downReason } = this;
    if (downReason !== undefined) this.sink?.down(downReason);
    // In the same step as the last look for news: none comes in between unseen.
    this.delivering = undefined;
  }

  private get hasNews(): boolean {
    return this.changed.size > 0 || (this.isAllKnown && !this.hasDeliveredAll) || this.isToSayThatItIsBack;
  }

  private get isToSayThatItIsBack(): boolean {
    return this.isBack && this.isAllKnown && this.downReason === undefined;
  }

  private async deliverChanged(sink: SourceSink, complete: boolean): Promise<void> {
    const { changed } = this;
    this.changed = new Map();
    const isBack = this.isToSayThatItIsBack;
    const { revision } = this;
    const next = new Map<string, readonly ResourceDocument[]>();
    const documents: SourceDocument[] = [];
    const removed: string[] = [];
    await forEachSliced(changed, ([key, { place, object, isGone }]) => {
      const held = isGone ? [] : place.watched.documentsOf(object);
      next.set(key, held);
      for (const { document, content } of held) {
        if (!complete && !sameJson(content, this.delivered.get(document.name) ?? null)) documents.push(document);
      }
      const names = new Set(held.map(({ document }) => document.name));
      for (const name of this.namesOf.get(key) ?? []) if (!names.has(name)) removed.push(name);
    });
    if (complete) await forEachSliced(this.everything(), ({ document }) => documents.push(document));
    if (complete || isBack || documents.length > 0 || removed.length > 0) {
      try {
        await sink.deliver({ source: this.name, revision, documents, removed, complete });
      } catch (error) {
        this.changed = new Map([...changed, ...this.changed]);
        throw error;
      }
    }
    if (isBack) this.isBack = false;
    for (const name of removed) this.delivered.delete(name);
    for (const [key, held] of next) {
      const names = held.map(({ document }) => document.name);
      if (names.length > 0) this.namesOf.set(key, names);
      else this.namesOf.delete(key);
      // Equal content is kept as it came last: the older copy of it can go.
      for (const { document, content } of held) this.delivered.set(document.name, content);
    }
    await this.tellSettled([...changed.values()]);
  }

  /** In portions: whoever is told may have work with each. */
  private async tellSettled(changes: readonly Change[]): Promise<void> {
    const slice = new TimeSlice();
    for (const place of this.places) {
      const own = changes.filter((change) => change.place === place);
      for (let from = 0; from < own.length; from += SETTLED_AT_ONCE) {
        const portion = own.slice(from, from + SETTLED_AT_ONCE);
        const objects = portion.filter(({ isGone }) => !isGone).map(({ object }) => object);
        const removed = portion.filter(({ isGone }) => isGone).map(({ object }) => object);
        place.watched.settled?.(objects, removed);
        if (slice.isUsedUp) await slice.breathe();
      }
    }
  }

  private *everything(): Iterable<ResourceDocument> {
    for (const { watched } of this.places) {
      for (const object of watched.watch.objects.values()) yield* watched.documentsOf(object);
    }
  }

  private get isAllKnown(): boolean {
    return this.places.every(({ isSynced }) => isSynced);
  }

  private get downReason(): string | undefined {
    const reasons = this.places.flatMap(({ downReason = [] }) => downReason);
    return reasons.length > 1 ? `${reasons[0]}, and ${reasons.length - 1} more` : reasons[0];
  }

  /** The newest resourceVersion of all watches: they are numbers of one sequence, written without leading zeros. */
  private get revision(): string {
    const isNewer = (a: string, b: string): boolean => a.length > b.length || (a.length === b.length && a > b);
    return this.places
      .map(({ watched }) => watched.watch.resourceVersion)
      .reduce((a, b) => (isNewer(b, a) ? b : a), '');
  }
}

/** One watch, with what is known of it. */
class Place {
  /** Everything was listed once. */
  isSynced = false;
  downReason: string | undefined;

  constructor(
    private readonly index: number,
    readonly watched: ResourceDocuments,
  ) {}

  keyOf(object: KubernetesObject): string {
    return `${this.index}/${objectKey(object)}`;
  }
}
