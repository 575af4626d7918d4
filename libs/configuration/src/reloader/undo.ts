import type { ConfigurationKey, Json, SourceName } from '@tigateway/model';
import { forEachSliced, keyText } from '@tigateway/model';
import { isRelocation } from '../planner/configuration-planner.js';
import type { PipelineState, Staged } from './pipeline-state.js';

/** One configuration that a change changed, and what has to come back for it not to have happened. */
export interface UndoEntry extends ConfigurationKey {
  /** The version that the change made. Where another is in force by now, the entry is somebody else's. */
  readonly version: string;
  /** What ran before; `null`: nothing. */
  readonly previous: { readonly version: string; readonly configuration: Json } | null;
  /** What the API had under this key before; `null`: nothing. */
  readonly api: Json;
}

/** All that one change changed. */
export interface Undo {
  readonly source: SourceName;
  readonly entries: readonly UndoEntry[];
}

/** Gives the event loop away. @param before the state that the change was staged on */
export async function undoOf(
  before: PipelineState,
  { changes, versions }: Pick<Staged, 'changes' | 'versions'>,
  source: SourceName,
): Promise<Undo> {
  const made = new Map<string, string>();
  await forEachSliced(versions, (version) => made.set(keyText(version), version.version));
  const entries: UndoEntry[] = [];
  await forEachSliced(changes, (change) => {
    const text = keyText(change);
    const version = made.get(text);
    if (version === undefined || isRelocation(change)) return;
    const running = before.running.configurations.get(text);
    const { configType, configId } = change;
    const previous = running ? { version: running.version, configuration: running.configuration } : null;
    entries.push({ configType, configId, version, previous, api: before.api.get(text)?.configuration ?? null });
  });
  return { source, entries };
}
