import { hash as hashed } from 'node:crypto';
import {
  type Configured,
  type ConfigType,
  type Json,
  type Position,
  type Rank,
  type SourceName,
  TimeSlice,
} from '@tigateway/model';
import { Map, Set } from 'immutable';
import { keyFromText } from './key-from-text.js';

/**
 * A configuration in force, with the version that it runs as. Refers to what is configured: a copy would be as large again, at
 * each of 100,000 routes.
 */
export class Running implements Configured {
  constructor(
    private readonly configured: Configured,
    readonly version: string,
  ) {}

  get configuration(): Json {
    return this.configured.configuration;
  }

  get hash(): string {
    return this.configured.hash;
  }

  get source(): SourceName {
    return this.configured.source;
  }

  get position(): Position {
    return this.configured.position;
  }

  get rank(): Rank {
    return this.configured.rank;
  }

  get deferredPlaceholders(): boolean {
    return this.configured.deferredPlaceholders === true;
  }
}

/** Everything in force. Persistent, like the desired state. */
export interface RunningState {
  /** By `keyText`. */
  readonly configurations: Map<string, Running>;
  /** Key texts of the filters in force: what names routes is found without looking at every route. */
  readonly filters: Set<string>;
  readonly counts: Readonly<Record<ConfigType, number>>;
  /** The sum of the digests of all members: it follows from the content alone and costs what changed, not what is there. */
  readonly digest: bigint;
}

export const NOTHING_RUNS: RunningState = {
  configurations: Map(),
  filters: Set(),
  counts: { route: 0, filter: 0, global: 0 },
  digest: 0n,
};

const DIGEST_MODULUS = 1n << 256n;

/** @param changes what each key runs as from now on; `undefined`: no longer */
export async function withRunning(
  state: RunningState,
  changes: ReadonlyMap<string, Running | undefined>,
): Promise<RunningState> {
  const slice = new TimeSlice();
  const filters = state.filters.asMutable();
  const configurations = state.configurations.asMutable();
  const counts = { ...state.counts };
  let digest = state.digest;
  for (const [key, next] of changes) {
    if (slice.isUsedUp) await slice.breathe();
    const previous = configurations.get(key);
    const { configType } = keyFromText(key);
    if (previous) {
      digest -= memberDigest(key, previous.hash);
      counts[configType]--;
    }
    if (next) {
      digest += memberDigest(key, next.hash);
      counts[configType]++;
      configurations.set(key, next);
      if (configType === 'filter') filters.add(key);
    } else {
      configurations.delete(key);
      filters.delete(key);
    }
  }
  digest = ((digest % DIGEST_MODULUS) + DIGEST_MODULUS) % DIGEST_MODULUS;
  return { configurations: configurations.asImmutable(), filters: filters.asImmutable(), counts, digest };
}

/** The hash of a state as the status shows it: equal on every replica that serves the same. */
export function stateHash({ digest }: RunningState): string {
  return `sha256-${Buffer.from(digest.toString(16).padStart(64, '0'), 'hex').toString('base64')}`;
}

function memberDigest(key: string, hash: string): bigint {
  return BigInt(`0x${hashed('sha256', `${key}\n${hash}`, 'hex')}`);
}
