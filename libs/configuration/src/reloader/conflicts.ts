import { CONFIG_TYPES, type Configured, forEachSliced } from '@tigateway/model';
import { keyFromText } from '../planner/key-from-text.js';
import type { Conflict, Contender } from './configuration-api.js';
import type { PipelineState } from './pipeline-state.js';

/** Every configuration that more than one source defines, by type and id. Gives the event loop away in between. */
export async function conflictsOf({ desired, running, holds }: PipelineState): Promise<Conflict[]> {
  const conflicts: Conflict[] = [];
  await forEachSliced(desired.candidates, ([text, candidates]) => {
    if (candidates.length < 2) return;
    const winner = running.configurations.get(text) ?? (candidates[0] as Configured);
    conflicts.push({
      ...keyFromText(text),
      rule: holds.has(text) ? 'held' : 'precedence',
      winner: contender(winner),
      losers: candidates.filter(({ source }) => source !== winner.source).map(contender),
    });
  });
  return conflicts.sort(
    (a, b) =>
      CONFIG_TYPES.indexOf(a.configType) - CONFIG_TYPES.indexOf(b.configType) || (a.configId < b.configId ? -1 : 1),
  );
}

function contender({ source, position, hash }: Configured): Contender {
  return { source, position, hash };
}
