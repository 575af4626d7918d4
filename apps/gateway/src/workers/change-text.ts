import { type Change, type ConfigurationKey, type Configured, type Json, type Rank, TimeSlice } from '@tigateway/model';

/** Characters of one part of a change: read in about a millisecond. */
const PART_LENGTH = 128 * 1024;
/** Of a change's origin nothing depends that a worker does. */
const ELSEWHERE = { source: '', position: { source: '', document: '', line: 0, column: 0 } } as const;

/** As much of a change as a snapshot is compiled from. */
interface WrittenChange extends ConfigurationKey {
  /** Absent: deleted. */
  readonly next?: { readonly configuration: Json; readonly hash: string; readonly rank: Rank };
  readonly previousHash?: string;
}

/** Parts of a change as text, to be sent to any number of workers. The event loop is given away between parts. */
export async function* writtenChanges(changes: Iterable<Change>): AsyncGenerator<{ part: string; isLast: boolean }> {
  const slice = new TimeSlice();
  let part = '';
  for (const change of changes) {
    part += `${part === '' ? '[' : ','}${JSON.stringify(written(change))}`;
    if (part.length >= PART_LENGTH) {
      yield { part: `${part}]`, isLast: false };
      part = '';
    }
    if (slice.isUsedUp) await slice.breathe();
  }
  yield { part: part === '' ? '[]' : `${part}]`, isLast: true };
}

export function readChanges(part: string): Change[] {
  return (JSON.parse(part) as WrittenChange[]).map(({ configType, configId, next, previousHash }): Change => {
    const previous: Configured | undefined =
      previousHash === undefined
        ? undefined
        : { ...ELSEWHERE, configuration: null, hash: previousHash, rank: [0, '', 0] };
    if (next) {
      const configured = { ...ELSEWHERE, ...next };
      return { op: 'upsert', configType, configId, next: configured, ...(previous && { previous }) };
    }
    if (!previous) throw new Error(`a change of ${configType} "${configId}" says nothing`);
    return { op: 'delete', configType, configId, previous };
  });
}

function written(change: Change): WrittenChange {
  const { configType, configId, previous } = change;
  return {
    configType,
    configId,
    ...(change.op === 'upsert' && { next: nextOf(change.next) }),
    ...(previous && { previousHash: previous.hash }),
  };
}

function nextOf({ configuration, hash, rank }: Configured): WrittenChange['next'] {
  return { configuration, hash, rank };
}
