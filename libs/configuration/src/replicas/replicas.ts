/** One process of the gateway, as the others see it. */
export interface ReplicaStatus {
  readonly identity: string;
  readonly isSelf: boolean;
  /** It holds the Lease: it decides what watched sources change. */
  readonly isLeader: boolean;
  /** `lagging`: serves an older state than this process; `ahead`: a newer one; `lost`: has not been heard of for too long. */
  readonly state: 'current' | 'lagging' | 'ahead' | 'lost';
  /** Its place in the commits of all. */
  readonly sequence: number;
  /** Of the snapshot that serves there; counted by each process for itself. */
  readonly revision: number;
  /** Of the whole state in force there: equal where the same is served. */
  readonly hash: string;
  /** When it was last heard of, ISO 8601. */
  readonly seenAt: string;
}

/** What the processes of one gateway know of each other. */
export abstract class Replicas {
  /** Empty for a gateway of one process. */
  abstract list(): readonly ReplicaStatus[];

  /**
   * Waits until every live process serves what this one serves now.
   * @returns the identities of those that do not after `timeoutMs`
   */
  abstract untilApplied(timeoutMs: number): Promise<readonly string[]>;
}

/** There is but one process. */
export class SoleReplica extends Replicas {
  override list(): readonly ReplicaStatus[] {
    return [];
  }

  override untilApplied(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}
