import { randomUUID } from 'node:crypto';
import { ConfigurationStoreError } from '@tigateway/model';
import { CONFIG_MAPS, type KubernetesClient, KubernetesError, ResourceWatch } from '@tigateway/kubernetes';
import {
  type ConfigMap,
  disclose,
  enclose,
  type EnclosedEntry,
  headData,
  headOf,
  type JournalEntry,
  type JournalHead,
  type JournalPlace,
  NEW_JOURNAL,
} from './journal-head.js';
import type { SharedCommit } from './shared-commit.js';

/** Entries in the journal's own ConfigMap, in bytes: with more, those that are in the history already leave it. */
const WINDOW_BYTES = 32 * 1_024;
/** A larger entry stands in ConfigMaps of its own; the journal's is written whole with every commit. */
const INLINE_BYTES = 16 * 1_024;
/** One part of such an entry, in bytes: with its Base64 it stays under Kubernetes' limit of 1 MiB. */
const PART_BYTES = 700 * 1_024;
/** While nobody writes the history, the journal holds no more than this, in bytes. */
const FULL_BYTES = 640 * 1_024;
const ATTEMPTS = 8;
/** Whoever writes waits for an answer: a server that gives none by then is away. In milliseconds. */
const CALL = { timeoutMs: 5_000 };

export interface JournalListener {
  /** @param isSure false: what was heard is older than what was known, so the server has to be asked */
  moved(isSure: boolean): void;
  down(reason: string): void;
  up(): void;
}

export interface JournalOptions {
  /** Of its ConfigMap. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of this process, among all that share the journal. */
  readonly identity: string;
}

/**
 * The one order of all commits of all processes: a ConfigMap that each commit replaces, compared by its resourceVersion. It holds
 * the newest entries; older ones are in the history's ConfigMaps.
 */
export class Journal {
  private head: JournalHead | undefined;
  private watch: ResourceWatch<ConfigMap> | undefined;

  constructor(
    private readonly client: KubernetesClient,
    private readonly options: JournalOptions,
  ) {}

  /** The newest that is known. */
  get latest(): JournalHead | undefined {
    return this.head;
  }

  /** Settles once it was read, or cannot be at the moment. */
  async start(listener: JournalListener): Promise<void> {
    const { name } = this.options;
    const { namespace } = this.client;
    this.watch = new ResourceWatch<ConfigMap>(this.client, {
      type: CONFIG_MAPS,
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    await this.watch.start({
      synced: () => undefined,
      changed: ({ upserted, removed }) => {
        const newest = upserted.at(-1);
        if (newest) this.saw(newest, listener);
        else if (removed.length > 0) listener.moved(false);
      },
      down: (reason) => listener.down(reason),
      up: () => listener.up(),
    });
  }

  async stop(): Promise<void> {
    await this.watch?.stop();
  }

  /**
   * A consistent read.
   * @throws ConfigurationStoreError where the API server cannot be asked, or what it has is no journal
   */
  async read(): Promise<JournalHead> {
    try {
      for (;;) {
        const before = this.head;
        const found = await this.client.get<ConfigMap>(CONFIG_MAPS, this.options.name, this.client.namespace, CALL);
        const head = found ? this.understood(found) : { place: NEW_JOURNAL, entries: [], resourceVersion: '' };
        const heard = this.head;
        // The answer was overtaken by news of a later one.
        if (heard && heard !== before && heard.place.sequence > head.place.sequence) continue;
        this.head = head;
        return head;
      }
    } catch (error) {
      throw storeError('cannot be read', error);
    }
  }

  /**
   * Adds a commit, if nobody else has added one after `place.sequence`.
   * @param place what it is after
   * @param previous the mark of the entry before; absent: not known
   * @returns where the journal stands then; `undefined` where others were first
   * @throws ConfigurationStoreError
   */
  async append(place: JournalPlace, commit: SharedCommit, previous?: string): Promise<JournalHead | undefined> {
    const mark = `${this.options.identity}/${randomUUID()}`;
    const bytes = await enclose(commit);
    const entry: EnclosedEntry = { sequence: place.sequence, mark, bytes };
    let parts: readonly string[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const head = this.head ?? (await this.read());
      const isPrevious = previous === undefined || head.entries.at(-1)?.mark === previous;
      if (head.place.sequence !== place.sequence - 1 || !isPrevious) {
        await this.discard(parts);
        return undefined;
      }
      if (bytes.length > INLINE_BYTES && parts.length === 0) parts = await this.putParts(entry);
      const enclosed = parts.length > 0 ? { sequence: place.sequence, mark, parts } : entry;
      const written = await this.write(head, place, enclosed);
      if (written) return written;
    }
    await this.discard(parts);
    throw new ConfigurationStoreError('the journal is written to so often that this commit found no turn');
  }

  /**
   * Begins a journal where there is none any more.
   * @throws ConfigurationStoreError where another process was first, too
   */
  async begin(place: JournalPlace, commit: SharedCommit): Promise<JournalHead> {
    const mark = `${this.options.identity}/${randomUUID()}`;
    const entry: EnclosedEntry = { sequence: place.sequence, mark, bytes: await enclose(commit) };
    const enclosed =
      (entry.bytes?.length ?? 0) > INLINE_BYTES
        ? { sequence: place.sequence, mark, parts: await this.putParts(entry) }
        : entry;
    try {
      return await this.put({ place: NEW_JOURNAL, entries: [], resourceVersion: '' }, place, [enclosed]);
    } catch (error) {
      throw storeError('cannot be begun', error);
    }
  }

  /** Says that all entries up to `through` are in the history. Without effect where others write at the same moment. */
  async wrote(through: number): Promise<void> {
    const { head } = this;
    if (!head || head.place.writtenThrough >= through || head.resourceVersion === '') return;
    await this.replace(head, { ...head.place, writtenThrough: through }, head.entries);
  }

  /** @returns all entries after `sequence`, oldest first; `undefined` where some are no longer there */
  async entriesAfter({ place, entries }: JournalHead, sequence: number): Promise<JournalEntry[] | undefined> {
    const wanted = entries.filter((entry) => entry.sequence > sequence);
    if (wanted.length !== place.sequence - sequence) return undefined;
    const result: JournalEntry[] = [];
    for (const entry of wanted) {
      const bytes = entry.bytes ?? (await this.getParts(entry.parts ?? []));
      if (!bytes) return undefined;
      result.push({ sequence: entry.sequence, mark: entry.mark, commit: await disclose(bytes) });
    }
    return result;
  }

  private saw(object: ConfigMap, listener: JournalListener): void {
    let head: JournalHead;
    try {
      head = this.understood(object);
    } catch (error) {
      listener.down((error as Error).message);
      return;
    }
    const known = this.head?.place.sequence ?? 0;
    // Less than was known: an old word that was late, or a cluster that was set back.
    const isSure = head.place.sequence >= known;
    if (isSure) this.head = head;
    listener.moved(isSure);
  }

  /** @returns `undefined` where it has to be tried again on what the journal is now */
  private async write(head: JournalHead, place: JournalPlace, entry: EnclosedEntry): Promise<JournalHead | undefined> {
    const writtenThrough = Math.max(place.writtenThrough, head.place.writtenThrough);
    const { kept, dropped } = window([...head.entries, entry], writtenThrough);
    const next = { ...place, writtenThrough };
    try {
      const written = await this.put(head, next, kept);
      void this.discard(dropped.flatMap(({ parts }) => parts ?? []));
      return written;
    } catch (error) {
      const { status } = error as KubernetesError;
      if (status === 409 || status === 404) {
        await this.read();
        return undefined;
      }
      if (!(error instanceof KubernetesError) || (status > 0 && status < 500))
        throw storeError('cannot be written', error);
      // Whether it was written is not known until somebody says so.
      const now = await this.read();
      if (now.entries.some(({ mark }) => mark === entry.mark)) return now;
      throw storeError('cannot be written', error);
    }
  }

  private async put(head: JournalHead, place: JournalPlace, entries: readonly EnclosedEntry[]): Promise<JournalHead> {
    if (head.resourceVersion !== '') return this.replace(head, place, entries);
    const { name, labels } = this.options;
    const object = { metadata: { name, namespace: this.client.namespace, labels }, ...headData({ place, entries }) };
    this.head = this.understood(await this.client.create<ConfigMap>(CONFIG_MAPS, object, CALL));
    return this.head;
  }

  private async replace(
    { resourceVersion }: JournalHead,
    place: JournalPlace,
    entries: readonly EnclosedEntry[],
  ): Promise<JournalHead> {
    const { name, labels } = this.options;
    const metadata = { name, namespace: this.client.namespace, labels, resourceVersion };
    const object = { metadata, ...headData({ place, entries }) };
    const written = await this.client.replace<ConfigMap>(CONFIG_MAPS, object, CALL);
    this.head = this.understood(written);
    return this.head;
  }

  private understood(object: ConfigMap): JournalHead {
    try {
      return headOf(object);
    } catch (error) {
      const { name } = this.options;
      throw new ConfigurationStoreError(`the ConfigMap "${name}" is no journal: ${(error as Error).message}`);
    }
  }

  private async putParts({ sequence, bytes }: EnclosedEntry): Promise<string[]> {
    const { name, labels } = this.options;
    const names: string[] = [];
    const unique = randomUUID().slice(0, 8);
    try {
      for (let from = 0; from < (bytes?.length ?? 0); from += PART_BYTES) {
        const part = `${name}-${sequence}-${unique}-${names.length}`;
        await this.client.create<ConfigMap>(CONFIG_MAPS, {
          metadata: {
            name: part,
            namespace: this.client.namespace,
            labels: { ...labels, component: 'config-journal-part' },
          },
          binaryData: { entry: bytes?.subarray(from, from + PART_BYTES).toString('base64') ?? '' },
        });
        names.push(part);
      }
      return names;
    } catch (error) {
      await this.discard(names);
      throw storeError('cannot be written', error);
    }
  }

  private async getParts(names: readonly string[]): Promise<Buffer | undefined> {
    const bodies = await Promise.all(
      names.map((name) => this.client.get<ConfigMap>(CONFIG_MAPS, name, this.client.namespace)),
    );
    const bytes = bodies.map((body) => Buffer.from(body?.binaryData?.['entry'] ?? '', 'base64'));
    return bodies.every(Boolean) ? Buffer.concat(bytes) : undefined;
  }

  /** What stays behind is found and deleted by whoever leads next. */
  private async discard(names: readonly string[]): Promise<void> {
    const { namespace } = this.client;
    await Promise.allSettled(names.map((name) => this.client.delete(CONFIG_MAPS, { name, namespace })));
  }
}

function window(
  entries: readonly EnclosedEntry[],
  writtenThrough: number,
): { readonly kept: readonly EnclosedEntry[]; readonly dropped: readonly EnclosedEntry[] } {
  let bytes = 0;
  let from = entries.length;
  for (const [index, entry] of [...entries.entries()].reverse()) {
    bytes += entry.bytes?.length ?? 0;
    const isNewest = index === entries.length - 1;
    if (!isNewest && bytes > WINDOW_BYTES && entry.sequence <= writtenThrough) break;
    from = index;
  }
  if (bytes > FULL_BYTES) {
    throw new ConfigurationStoreError('the journal is full: nobody has written the history for a while');
  }
  return { kept: entries.slice(from), dropped: entries.slice(0, from) };
}

function storeError(what: string, error: unknown): ConfigurationStoreError {
  if (error instanceof ConfigurationStoreError) return error;
  return new ConfigurationStoreError(`the journal in the cluster ${what}: ${(error as Error).message}`, {
    cause: error,
  });
}
