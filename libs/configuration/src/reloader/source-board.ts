import type { SourceName } from '@tigateway/model';
import type { ConfigurationSource } from '../sources/configuration-source.js';
import type { SourceStatus } from './configuration-api.js';
import type { SourceIntake } from './source-intake.js';

/** A watched source with what is known of it. */
export class WatchedSource {
  private state: SourceStatus['state'] = 'starting';
  private reason: string | undefined;
  private revision: string | undefined;
  private wasRestored = false;
  /** Where several processes share what runs: all that the source says was held against it since this process decides. */
  isSwept = false;

  constructor(
    readonly source: ConfigurationSource,
    readonly intake: SourceIntake,
  ) {}

  get name(): SourceName {
    return this.source.name;
  }

  /** Nothing of it has ever run: there is nothing that its first delivery could make worse. */
  get isNew(): boolean {
    return this.revision === undefined && !this.wasRestored;
  }

  get hasDelivered(): boolean {
    return this.revision !== undefined;
  }

  /** Serves what an earlier run had accepted. */
  isRestored(): void {
    this.state = 'stale';
    this.wasRestored = true;
  }

  delivered(revision: string): void {
    this.state = 'up';
    this.reason = undefined;
    this.revision = revision;
  }

  /** A source that never delivered goes on serving an earlier run's state, if there is one. */
  down(reason: string): void {
    if (this.state !== 'stale') this.state = 'down';
    this.reason = reason;
  }

  get status(): SourceStatus {
    const { name, state, reason, revision, intake } = this;
    return {
      name,
      state,
      ...(reason !== undefined && { reason }),
      ...(revision !== undefined && { revision }),
      documents: intake.documents,
      rejected: intake.rejected,
      ...(intake.heldBack && { heldBack: intake.heldBack }),
    };
  }
}
