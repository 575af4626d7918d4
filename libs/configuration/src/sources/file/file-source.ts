import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Clock, Scheduled, SourceDocument, SourceUpdate } from '@tigateway/model';
import { ConfigurationSource, type SourceSink } from '../configuration-source.js';
import { formatOf } from '../document-name.js';
import { Debounce } from './debounce.js';
import { type DocumentFile, readDocumentFile } from './document-file.js';
import { type Failure, findDocuments, type FoundDocuments, type FoundFile, reasonOf } from './find-documents.js';

export interface FileSourceOptions {
  /** Files and folders; relative ones are below `baseFolder`. */
  readonly paths: readonly string[];
  /** The bootstrap file's folder. Documents are named relative to it. */
  readonly baseFolder: string;
  /** Silence to wait for after a change, in milliseconds; in all at most half a second. */
  readonly debounceMs: number;
  /** Whether `${NAME}` in the documents is replaced. */
  readonly placeholders: boolean;
}

const DEBOUNCE_LIMIT_MS = 500;

/**
 * How often a place is looked at that cannot be read, cannot be watched or whose content could not be delivered; and how soon one is
 * looked at again that had changed.
 */
const RETRY_MS = 1_000;

/** A file that is being written to when it is read is read again this often before it waits for its next change. */
const READ_ATTEMPTS = 5;

/** What is known of a document that was delivered. */
interface Known {
  readonly hash: string;
  readonly signature: string;
  readonly isEmpty: boolean;
}

/** What the places held when they were looked at. */
interface Look {
  readonly documents: ReadonlyMap<string, Known>;
  readonly changed: readonly SourceDocument[];
  readonly removed: readonly string[];
  readonly failures: readonly Failure[];
  /** Something is about to change again: look once more, soon. */
  readonly isUnsettled: boolean;
}

/**
 * Documents in files and folders. A notification of the file system is only a reason to look: what counts is whether the content
 * differs from what was delivered, so editors that write twice, renames over a file and the link swap by which Kubernetes mounts a
 * ConfigMap all come out as one change. What cannot be read stays as it was delivered last.
 */
export class FileSource extends ConfigurationSource {
  readonly name = 'file';
  private readonly paths: readonly string[];
  private readonly baseFolder: string;
  private readonly debounce: Debounce;
  private known: ReadonlyMap<string, Known> = new Map();
  /** Documents that lost all their content, by the signature they had when that was seen first. */
  private readonly emptied = new Map<string, string>();
  private hasDeliveredAll = false;
  private isDown = false;
  private isWatchBroken = false;
  private sink: SourceSink | undefined;
  private watcher: FSWatcher | undefined;
  private retry: Scheduled | undefined;
  private secondLook: Scheduled | undefined;
  private looking: Promise<void> | undefined;
  private mustLookAgain = false;

  constructor(
    private readonly options: FileSourceOptions,
    private readonly clock: Clock,
  ) {
    super();
    this.baseFolder = resolve(options.baseFolder);
    this.paths = options.paths.map((path) => resolve(this.baseFolder, path));
    const quietMs = Math.min(options.debounceMs, DEBOUNCE_LIMIT_MS);
    this.debounce = new Debounce(clock, { quietMs, limitMs: DEBOUNCE_LIMIT_MS }, () => void this.look());
  }

  async start(sink: SourceSink): Promise<void> {
    this.sink = sink;
    const changed = (): void => this.debounce.signal();
    this.watcher = watch([...this.paths], {
      ignoreInitial: true,
      ignored: (path) => !this.paths.includes(path) && isEditorFile(path),
    })
      .on('all', changed)
      .on('raw', changed)
      // What changed before the watcher stood would go unnoticed.
      .on('ready', changed)
      .on('error', () => {
        this.isWatchBroken = true;
        changed();
      });
    await this.look();
  }

  async read(): Promise<SourceUpdate> {
    const look = await this.lookAround(new Map());
    const [failure] = look.failures;
    if (failure) throw new Error(describe(failure));
    return this.update(look, true);
  }

  async stop(): Promise<void> {
    this.sink = undefined;
    this.debounce.cancel();
    this.retry?.cancel();
    this.secondLook?.cancel();
    await this.watcher?.close();
    await this.looking;
  }

  /** One look at a time; signals that come meanwhile end in one more. */
  private look(): Promise<void> {
    if (this.looking) {
      this.mustLookAgain = true;
      return this.looking;
    }
    this.looking = this.lookAndDeliver().finally(() => {
      this.looking = undefined;
      if (this.mustLookAgain && this.sink) this.debounce.signal();
      this.mustLookAgain = false;
    });
    return this.looking;
  }

  private async lookAndDeliver(): Promise<void> {
    this.retry?.cancel();
    let retryMs = this.isWatchBroken ? RETRY_MS : undefined;
    try {
      let look = await this.lookAround(this.known, this.emptied);
      const isFirstWhole = look.failures.length === 0 && !this.hasDeliveredAll;
      // Only part of it could be delivered until now: say all of it once, so that what it does not name is known to be gone.
      if (isFirstWhole && this.known.size > 0) look = await this.lookAround(new Map(), this.emptied);
      await this.deliver(look);
      if (look.failures.length > 0) retryMs = RETRY_MS;
      if (look.isUnsettled) retryMs = DEBOUNCE_LIMIT_MS;
    } catch (error) {
      // The sink could not take it: nothing is known to be delivered, so the same will be found again.
      this.sink?.down(`could not be taken over: ${reasonOf(error)}`);
      this.isDown = true;
      retryMs = RETRY_MS;
    }
    if (retryMs !== undefined && this.sink) this.retry = this.clock.schedule(retryMs, () => void this.look());
  }

  private async deliver(look: Look): Promise<void> {
    const [failure, ...others] = look.failures;
    const isComplete = !failure && !this.hasDeliveredAll;
    const isBack = !failure && this.isDown;
    const isChanged = look.changed.length > 0 || look.removed.length > 0;
    if (isComplete || isBack || isChanged) await this.sink?.deliver(this.update(look, isComplete));
    // The watcher goes over to what a link leads to now, and hears nothing of a change in between.
    if (isChanged && this.sink) {
      this.secondLook?.cancel();
      this.secondLook = this.clock.schedule(RETRY_MS, () => void this.look());
    }
    this.known = look.documents;
    this.hasDeliveredAll ||= isComplete;
    this.isDown = failure !== undefined;
    if (failure) this.sink?.down(describe(failure) + (others.length > 0 ? `, and ${others.length} more` : ''));
  }

  private update({ documents, changed, removed }: Look, complete: boolean): SourceUpdate {
    return { source: this.name, revision: revisionOf(documents), documents: changed, removed, complete };
  }

  /**
   * @param known documents that need not be delivered again as long as their content is the same
   * @param emptied where given, a document that lost all its content is left as it was until a second look finds it so: whoever
   *   writes a file anew empties it first
   */
  private async lookAround(known: ReadonlyMap<string, Known>, emptied?: Map<string, string>): Promise<Look> {
    const { files, failures: unreachable } = await this.findAll();
    const failures = [...unreachable];
    const documents = new Map<string, Known>();
    const changed: SourceDocument[] = [];
    let isUnsettled = false;
    for (const [name, found] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const before = known.get(name);
      if (before?.signature === found.signature) {
        documents.set(name, before);
        continue;
      }
      const file = await this.readFile(name, found, failures);
      if (!file) continue;
      const now = { hash: file.hash, signature: file.signature, isEmpty: file.text.trim() === '' };
      if (emptied && before && !before.isEmpty && now.isEmpty && emptied.get(name) !== now.signature) {
        emptied.set(name, now.signature);
        documents.set(name, before);
        isUnsettled = true;
        continue;
      }
      emptied?.delete(name);
      documents.set(name, now);
      if (now.hash !== before?.hash) changed.push(this.document(name, file.text));
    }
    const removed: string[] = [];
    for (const [name, before] of this.known) {
      if (documents.has(name)) continue;
      if (failures.some((failure) => isBelow(name, failure.name))) documents.set(name, before);
      else removed.push(name);
    }
    return { documents, changed, removed, failures, isUnsettled };
  }

  /** A file that moves while folders are listed one after the other may stand in none of the lists: what is missing is looked for twice. */
  private async findAll(): Promise<FoundDocuments> {
    const found = await findDocuments(this.paths, this.baseFolder);
    const isMissing = [...this.known.keys()].some((name) => !found.files.has(name));
    return isMissing ? findDocuments(this.paths, this.baseFolder) : found;
  }

  private async readFile(name: string, { path }: FoundFile, failures: Failure[]): Promise<DocumentFile | undefined> {
    try {
      for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
        const file = await readDocumentFile(path);
        if (file) return file;
      }
      failures.push({ name, reason: 'it is being written to' });
    } catch (error) {
      // Gone since it was found: the notification of that is on its way, or was the reason for this look.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failures.push({ name, reason: reasonOf(error) });
    }
    return undefined;
  }

  private document(name: string, text: string): SourceDocument {
    return { kind: 'text', name, format: formatOf(name), text, placeholders: this.options.placeholders };
  }
}

/** Hidden files. Not the links and folders by which Kubernetes swaps a mount, which begin with two dots. */
function isEditorFile(path: string): boolean {
  return /[/\\]\.(?!\.)[^/\\]*$/.test(path);
}

function isBelow(name: string, place: string): boolean {
  return name === place || place === '' || name.startsWith(`${place}/`);
}

function describe({ name, reason }: Failure): string {
  return `cannot read "${name || '.'}": ${reason}`;
}

function revisionOf(documents: ReadonlyMap<string, Known>): string {
  const hash = createHash('sha256');
  for (const name of [...documents.keys()].sort()) hash.update(`${name}\n${documents.get(name)?.hash}\n`);
  return hash.digest('hex').slice(0, 16);
}
