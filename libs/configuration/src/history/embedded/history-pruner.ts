import type { HistoryRetention } from '../configuration-store.js';
import { versionName } from '../version-name.js';
import type { StoreDatabase } from './store-database.js';

/** How long one slice may keep the store from a commit, in milliseconds (and one flush). */
const SLICE_MS = 4;
/** Keys in one look at the whole history; also the most touched keys that are visited one by one. */
const SWEEP_KEYS = 500;
/** Ages are looked at this often; the number of versions of a key that changed, every time. In milliseconds. */
const SWEEP_INTERVAL_MS = 60_000;
/** Free pages left in the file for the next commits to use, and how many are given back in one slice. */
const SPARE_PAGES = 256;
const VACUUM_PAGES = 64;

/** Whose versions stay, also when newer ones (shadowed, say) exist. */
const IN_USE = ['in_force', 'hold', 'api_object'] as const;

export type Key = readonly [configType: string, configId: string];
type VersionKey = readonly [...Key, ms: number];

/** Drops versions that the retention no longer wants, in slices between which commits go first. */
export class HistoryPruner {
  private readonly touched = new Map<string, Key>();
  private swept?: { readonly atMs: number; readonly retention: HistoryRetention };

  constructor(private readonly database: StoreDatabase) {}

  /** The key got a version: it may have one too many now. */
  touch(key: Key): void {
    this.touched.set(key.join(':'), key);
  }

  /** Each step is one bounded piece of work. */
  *slices(retention: HistoryRetention, nowMs: number): Generator<void> {
    const oldestMs = nowMs - retention.retentionMs;
    if (this.isSweepDue(retention, nowMs)) {
      this.touched.clear();
      yield* this.sweep(retention.maxVersions, oldestMs);
      this.swept = { atMs: nowMs, retention };
    } else {
      yield* this.pruneTouched(retention.maxVersions, oldestMs);
    }
    while (this.database.freePages > SPARE_PAGES) {
      this.database.vacuum(VACUUM_PAGES);
      yield;
    }
  }

  private isSweepDue({ maxVersions, retentionMs }: HistoryRetention, nowMs: number): boolean {
    if (!this.swept || this.touched.size > SWEEP_KEYS) return true;
    const { atMs, retention } = this.swept;
    const sameRule = retention.maxVersions === maxVersions && retention.retentionMs === retentionMs;
    return !sameRule || Math.abs(nowMs - atMs) >= SWEEP_INTERVAL_MS;
  }

  private *pruneTouched(maxVersions: number, oldestMs: number): Generator<void> {
    const unwanted: VersionKey[] = [];
    for (const key of this.touched.values()) {
      unwanted.push(...this.unwanted(key, maxVersions, oldestMs));
    }
    this.touched.clear();
    yield* this.drop(unwanted);
  }

  private *sweep(maxVersions: number, oldestMs: number): Generator<void> {
    let after: Key = ['', ''];
    for (;;) {
      const keys = this.database.select(
        `SELECT CAST(config_type AS BLOB), CAST(config_id AS BLOB), count(*), min(ms) FROM version WHERE (config_type, config_id) > (?, ?)
         GROUP BY config_type, config_id ORDER BY config_type, config_id LIMIT ${SWEEP_KEYS}`,
        ...after,
      ) as [Buffer, Buffer, number, number][];
      yield;
      const unwanted = keys
        .filter(([, , versions, firstMs]) => versions > maxVersions || (versions > 1 && firstMs < oldestMs))
        .flatMap(([configType, configId]) =>
          this.unwanted([configType.toString(), configId.toString()], maxVersions, oldestMs),
        );
      yield* this.drop(unwanted);
      const last = keys.at(-1);
      if (!last || keys.length < SWEEP_KEYS) return;
      after = [last[0].toString(), last[1].toString()];
    }
  }

  private unwanted(key: Key, maxVersions: number, oldestMs: number): VersionKey[] {
    const rows = this.database.select(
      'SELECT ms FROM version WHERE config_type = ? AND config_id = ? ORDER BY ms DESC',
      ...key,
    ) as [number][];
    return rows
      .filter(([ms], place) => place > 0 && (place >= maxVersions || ms < oldestMs))
      .map(([ms]) => [...key, ms] as const);
  }

  private *drop(versions: readonly VersionKey[]): Generator<void> {
    let next = 0;
    while (next < versions.length) {
      const startedMs = performance.now();
      this.database.transaction(() => {
        for (; next < versions.length && performance.now() - startedMs < SLICE_MS; next += 1) {
          const [configType, configId, ms] = versions[next] as VersionKey;
          if (!this.isInUse([configType, configId], ms)) this.database.remove('version', [configType, configId, ms]);
        }
      });
      yield;
    }
  }

  private isInUse(key: Key, ms: number): boolean {
    return IN_USE.some((table) => {
      const [body] = this.database.bodies(table, 'WHERE config_type = ? AND config_id = ?', ...key);
      return body !== undefined && (JSON.parse(body) as { version: string }).version === versionName(ms);
    });
  }
}
