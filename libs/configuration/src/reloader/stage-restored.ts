import { type Change, type ConfigurationKey, type Configured, keyText, toRecords } from '@tigateway/model';
import type { ConfigurationStore, StoredCurrent } from '../history/configuration-store.js';
import type { VersionClock } from '../history/version-clock.js';
import { Running, withRunning } from '../planner/running-state.js';
import type { PipelineState, Staged } from './pipeline-state.js';
import { StageChanges } from './stage-changes.js';

/** Who is named where a start changes what ran: another precedence, a source switched off, content that is no longer valid. */
const START = 'start';

/**
 * Compares what a start puts in force with what ran when the process ended. What is the same keeps its version; what is not is a
 * change like any other, with a version and an event.
 * @param changes what the start puts in force, all of it
 */
export async function stageRestored(
  state: PipelineState,
  changes: readonly Change[],
  current: readonly StoredCurrent[],
  { store, versionClock }: { readonly store: ConfigurationStore; readonly versionClock: VersionClock },
): Promise<Staged<undefined>> {
  const ranAs = new Map<string, Running>();
  const left = new Map(current.map((each) => [keyText(each), each]));
  const differing: Change[] = [];
  for (const change of changes) {
    if (change.op === 'delete') continue;
    const text = keyText(change);
    const known = left.get(text);
    left.delete(text);
    if (known && known.hash === change.next.hash && known.source === change.next.source) {
      ranAs.set(text, new Running(change.next, known.version));
      continue;
    }
    const previous = known && (await ranBefore(known, store));
    if (previous) ranAs.set(text, previous);
    differing.push({ ...change, ...(previous && { previous }) });
  }
  for (const known of left.values()) {
    const previous = await ranBefore(known, store);
    ranAs.set(keyText(known), previous);
    differing.push({ configType: known.configType, configId: known.configId, op: 'delete', previous });
  }
  const before = { ...state, running: await withRunning(state.running, ranAs) };
  const reason = 'differs from what ran before the start';
  const sourceOf = (key: ConfigurationKey): string => ranAs.get(keyText(key))?.source ?? START;
  const staging = new StageChanges(before, versionClock, { source: START, actor: START, reason, deletionOf: sourceOf });
  await staging.takeAll(differing);
  return staging.finish({ changes: differing, lifted: [] }, {}, {}, undefined);
}

/** A version in force is never removed, so its content is there. */
async function ranBefore(known: StoredCurrent, store: ConfigurationStore): Promise<Running> {
  const { version, hash, source } = known;
  const content = await store.version(known, version);
  const configured: Configured = {
    configuration: content ? toRecords(content.configuration) : null,
    hash,
    source,
    position: { source, document: version, line: 0, column: 0 },
    rank: [0, '', 0],
  };
  return new Running(configured, version);
}
