import { type ConfigurationKey, type ConfigurationVersion, keyText } from '@tigateway/model';
import type { StoredCurrent, StoredHold } from '../configuration-store.js';
import { versionMs } from '../version-name.js';
import type { KeyHistory } from './history-config-map.js';
import type { JournalEntry } from './journal-head.js';

/** What journal entries change in one configuration's history. `null` takes away, absent leaves. */
export interface KeyPatch {
  readonly key: ConfigurationKey;
  readonly versions: readonly ConfigurationVersion[];
  readonly current?: StoredCurrent | null;
  readonly api?: KeyHistory['api'] | null;
  readonly hold?: StoredHold | null;
  /** The entries that it comes from, in their order. */
  readonly sequences: readonly number[];
}

/** By key text. */
export function patchesOf({ sequence, commit }: JournalEntry): Map<string, KeyPatch> {
  const patches = new Map<string, KeyPatch>();
  const add = ({ configType, configId }: ConfigurationKey, facts: Partial<KeyPatch>): void => {
    const key = { configType, configId };
    const known = patches.get(keyText(key)) ?? { key, versions: [], sequences: [sequence] };
    patches.set(keyText(key), { ...known, ...facts });
  };
  for (const version of commit.versions ?? []) {
    add(version, { versions: [...(patches.get(keyText(version))?.versions ?? []), version] });
  }
  // Removals first: what replaces them comes after.
  for (const key of commit.removeCurrent ?? []) add(key, { current: null });
  for (const key of commit.removeApiObjects ?? []) add(key, { api: null });
  for (const key of commit.removeHolds ?? []) add(key, { hold: null });
  for (const current of commit.putCurrent ?? []) add(current, { current });
  for (const { version, createdSequence, ...key } of commit.putApiObjects ?? []) {
    add(key, { api: { version, createdSequence } });
  }
  for (const hold of commit.putHolds ?? []) add(hold, { hold });
  return patches;
}

/** Two patches of one key as one; `later` decides. */
export function joined(earlier: KeyPatch | undefined, later: KeyPatch): KeyPatch {
  if (!earlier) return later;
  return {
    ...earlier,
    ...later,
    versions: [...earlier.versions, ...later.versions],
    sequences: [...earlier.sequences, ...later.sequences],
  };
}

/** A history with a patch in it. What is older than the history adds its versions and nothing else. */
export function patched(known: KeyHistory | undefined, patch: KeyPatch): KeyHistory {
  const { key, sequences } = patch;
  const before: KeyHistory = known ?? { key, versions: [], sequence: 0 };
  const versions = new Map([...before.versions, ...patch.versions].map((version) => [version.version, version]));
  const sequence = sequences.at(-1) ?? before.sequence;
  const isNewer = sequence >= before.sequence;
  const current = isNewer && patch.current !== undefined ? patch.current : before.current;
  const api = isNewer && patch.api !== undefined ? patch.api : before.api;
  const hold = isNewer && patch.hold !== undefined ? patch.hold : before.hold;
  return {
    key,
    versions: [...versions.values()].sort((a, b) => (versionMs(b.version) ?? 0) - (versionMs(a.version) ?? 0)),
    ...(current && { current }),
    ...(api && { api }),
    ...(hold && { hold }),
    sequence: Math.max(sequence, before.sequence),
  };
}
