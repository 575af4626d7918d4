import { Logger } from '@nestjs/common';
import { type Clock, forEachSliced, keyText, type Scheduled } from '@tigateway/model';
import { CONFIG_MAPS, type KubernetesClient, type KubernetesError } from '@tigateway/kubernetes';
import type { HistoryRetention, StoredPending } from '../configuration-store.js';
import { historyConfigMap, historyOf, type KeyHistory, oldestDroppableMs, retained } from './history-config-map.js';
import type { ConfigMap, JournalEntry } from './journal-head.js';
import { joined, type KeyPatch, patched, patchesOf } from './key-patch.js';
import { historyName } from './object-names.js';
import { pendingConfigMap } from './pending-config-map.js';
import { putConfigMap } from './put-config-map.js';

/** ConfigMaps that are written at once. */
const WRITERS = 8;
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** How long the journal may say less than has been written, in milliseconds. */
const NOTE_MS = 500;

export interface HistoryWriterPorts {
  readonly client: KubernetesClient;
  readonly gateway: string;
  readonly clock: Clock;
  readonly retention: () => HistoryRetention;
  /** All entries up to this one are written. */
  readonly wrote: (through: number) => void;
  /** Asks whether the journal still is the one whose entries were taken; where it is not, this writer is started anew. */
  readonly confirm: () => Promise<void>;
}

/** Brings what stands in the journal into the history's ConfigMaps. One process does it for all. */
export class HistoryWriter {
  private readonly logger = new Logger('History');
  private readonly patches = new Map<string, KeyPatch>();
  private readonly underWay = new Set<string>();
  /** Of entries that are not written whole: the key texts that are left. */
  private readonly left = new Map<number, Set<string>>();
  /** Names of ConfigMaps that are there. */
  private readonly there = new Set<string>();
  /** By key text: when the oldest version was made that retention may drop one day. */
  private readonly droppableMs = new Map<string, number>();
  private readonly pendings = new Map<string, StoredPending>();
  private taken = 0;
  private failures = 0;
  private retry: Scheduled | undefined;
  private note: Scheduled | undefined;
  private isRunning = false;

  constructor(private readonly ports: HistoryWriterPorts) {}

  /** @param through all entries up to this one are written */
  start(histories: Iterable<KeyHistory>, pending: readonly StoredPending[], through: number): void {
    this.stop();
    for (const history of histories) this.remember(history);
    for (const each of pending) this.pendings.set(each.id, each);
    this.taken = through;
    this.isRunning = true;
  }

  stop(): void {
    this.isRunning = false;
    this.retry?.cancel();
    this.note?.cancel();
    this.retry = undefined;
    this.note = undefined;
    for (const each of [this.patches, this.left, this.there, this.droppableMs, this.pendings]) each.clear();
  }

  /** Every entry up to this one is in the history. */
  get through(): number {
    const [first] = this.left.keys();
    return first === undefined ? this.taken : first - 1;
  }

  async take(entry: JournalEntry): Promise<void> {
    if (!this.isRunning || entry.sequence <= this.taken) return;
    this.taken = entry.sequence;
    const keys = new Set<string>();
    this.left.set(entry.sequence, keys);
    await forEachSliced(patchesOf(entry), ([text, patch]) => {
      keys.add(text);
      this.patches.set(text, joined(this.patches.get(text), patch));
    });
    if (this.takePending(entry)) keys.add(PENDING);
    this.settle([entry.sequence], undefined);
    this.go();
  }

  /** Drops what has become too old. */
  clean(nowMs: number): void {
    const oldestMs = nowMs - this.ports.retention().retentionMs;
    for (const [text, ms] of this.droppableMs) {
      if (ms >= oldestMs || this.patches.has(text)) continue;
      const colon = text.indexOf(':');
      const key = { configType: text.slice(0, colon), configId: text.slice(colon + 1) } as KeyPatch['key'];
      this.patches.set(text, { key, versions: [], sequences: [] });
    }
    this.go();
  }

  private takePending({ commit: { putPending = [], removePending = [] }, sequence }: JournalEntry): boolean {
    for (const id of removePending) this.pendings.delete(id);
    for (const each of putPending) this.pendings.set(each.id, each);
    if (putPending.length + removePending.length === 0) return false;
    const known = this.patches.get(PENDING);
    const patch: KeyPatch = { key: { configType: 'global', configId: '' }, versions: [], sequences: [sequence] };
    this.patches.set(PENDING, joined(known, patch));
    return true;
  }

  private go(): void {
    if (!this.isRunning || this.retry) return;
    for (const [text, patch] of this.patches) {
      if (this.underWay.size >= WRITERS) return;
      if (this.underWay.has(text)) continue;
      this.patches.delete(text);
      this.underWay.add(text);
      void this.write(text, patch).finally(() => {
        this.underWay.delete(text);
        this.go();
      });
    }
  }

  private async write(text: string, patch: KeyPatch): Promise<void> {
    try {
      if (text === PENDING) await this.writePending();
      else await this.writeKey(patch);
      this.failures = 0;
      this.settle(patch.sequences, text);
    } catch (error) {
      if (!this.isRunning) return;
      const later = this.patches.get(text);
      this.patches.set(text, later ? joined(patch, later) : patch);
      if (this.failures++ === 0) this.logger.warn(`the history cannot be written: ${(error as Error).message}`);
      this.tryLater();
    }
  }

  /** What comes back may be a cluster that was set back, in which what is left to write has never happened. */
  private tryLater(): void {
    const delayMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** Math.min(this.failures - 1, 5));
    this.retry ??= this.ports.clock.schedule(delayMs, () => {
      const { retry } = this;
      const isMine = (): boolean => this.retry === retry && this.isRunning;
      this.ports.confirm().then(
        () => {
          if (!isMine()) return;
          this.retry = undefined;
          this.go();
        },
        () => {
          if (!isMine()) return;
          this.retry = undefined;
          this.failures++;
          this.tryLater();
        },
      );
    });
  }

  private async writeKey(patch: KeyPatch): Promise<void> {
    const { client, gateway, clock, retention } = this.ports;
    const { namespace } = client;
    const name = historyName(gateway, patch.key);
    for (;;) {
      const found = this.there.has(name) ? await client.get<ConfigMap>(CONFIG_MAPS, name, namespace) : undefined;
      const known = found && this.understood(found);
      const history = retained(patched(known, patch), retention(), clock.now());
      const object = historyConfigMap(gateway, namespace, history, retention().compression);
      try {
        if (found) {
          const { resourceVersion } = found.metadata;
          const metadata = { ...object.metadata, ...(resourceVersion !== undefined && { resourceVersion }) };
          await client.replace(CONFIG_MAPS, { ...object, metadata });
        } else {
          await client.create(CONFIG_MAPS, object);
        }
      } catch (error) {
        const { status } = error as KubernetesError;
        if (status === 409) this.there.add(name);
        else if (status === 404) this.there.delete(name);
        else throw error;
        continue;
      }
      this.remember(history);
      return;
    }
  }

  private async writePending(): Promise<void> {
    const { client, gateway } = this.ports;
    await putConfigMap(client, pendingConfigMap(gateway, client.namespace, [...this.pendings.values()]));
  }

  private understood(object: ConfigMap): KeyHistory | undefined {
    try {
      return historyOf(object);
    } catch (error) {
      const { name } = object.metadata;
      this.logger.error(`the history in "${name}" is damaged and begun anew: ${(error as Error).message}`);
      return undefined;
    }
  }

  private remember(history: KeyHistory): void {
    this.there.add(historyName(this.ports.gateway, history.key));
    const ms = oldestDroppableMs(history);
    if (ms === undefined) this.droppableMs.delete(keyText(history.key));
    else this.droppableMs.set(keyText(history.key), ms);
  }

  private settle(sequences: readonly number[], text: string | undefined): void {
    for (const sequence of sequences) {
      const keys = this.left.get(sequence);
      if (text !== undefined) keys?.delete(text);
      if (keys?.size === 0) this.left.delete(sequence);
    }
    if (!this.isRunning) return;
    this.note ??= this.ports.clock.schedule(NOTE_MS, () => {
      this.note = undefined;
      this.ports.wrote(this.through);
    });
  }
}

/** Where in the order of keys the changes that wait are written; no key text is without a colon. */
const PENDING = 'pending';
