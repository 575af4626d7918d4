import { Inject, Injectable } from '@nestjs/common';
import {
  type ConfigurationKey,
  ConfigurationNotFoundError,
  ConfigurationValidationError,
  type ConfigurationVersion,
  keyText,
  type Problem,
} from '@tigateway/model';
import {
  type DryRunReport,
  DynamicConfigurationService,
  Replicas,
  type WriteOutcome,
  type WriteRequest,
} from '@tigateway/configuration';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { etagOf, preconditionsOf, type Preconditions, writeOptionsOf } from '../http/change-headers.js';
import type { WriteQuery } from './write-query.js';
import { shownProblem } from '../problem/problem-details.js';

/** Header fields hold little: a warning is cut, and only this many are sent. The dry run shows them all. */
const MAX_WARNINGS = 5;
const MAX_WARNING_LENGTH = 300;

/** One call that writes. */
export interface WriteCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly how: WriteQuery;
  /** Reads what is asked; what it throws as invalid is an answer of a dry run. */
  readonly wishes: () => readonly WriteRequest[] | Promise<readonly WriteRequest[]>;
}

/** What every write has in common, whatever it writes: dry run, delay, headers. */
@Injectable()
export class ConfigurationWriter {
  constructor(
    @Inject(DynamicConfigurationService) private readonly configurations: DynamicConfigurationService,
    @Inject(Replicas) private readonly replicas: Replicas,
  ) {}

  /** @param applied makes the answer's body of what was made */
  async write(call: WriteCall, applied: (outcome: WriteOutcome & { kind: 'applied' }) => unknown): Promise<unknown> {
    if (call.how.dryRun) return this.preview(call.wishes);
    const wishes = await call.wishes();
    const outcome = await this.configurations.write(wishes, writeOptionsOf(call.request));
    if (outcome.kind === 'pending') {
      call.reply.status(202);
      return { pending: outcome.pending };
    }
    announceVersions(call.reply, outcome.versions);
    await this.untilApplied(call);
    announceWarnings(call.reply, outcome.warnings);
    const [first] = wishes;
    const shadowedBy = first && wishes.length === 1 ? outcome.shadowedBy.get(keyText(first)) : undefined;
    if (shadowedBy !== undefined) call.reply.header('x-configuration-shadowed-by', shadowedBy);
    return applied(outcome);
  }

  /** What `If-Match` and `If-None-Match` ask of the version in force of one key. */
  preconditions(request: FastifyRequest, key: ConfigurationKey): Preconditions {
    return preconditionsOf(request.headers, key, this.configurations.get(key)?.version);
  }

  async preview(wishes: WriteCall['wishes']): Promise<DryRunReport> {
    try {
      const report = await this.configurations.preview(await wishes());
      return {
        ...report,
        errors: report.errors.map(shownProblem),
        warnings: report.warnings.map(shownProblem),
      };
    } catch (error) {
      if (!(error instanceof ConfigurationValidationError)) throw error;
      return { valid: false, errors: error.problems.map(shownProblem), warnings: [], changes: [] };
    }
  }

  async rollback(call: Omit<WriteCall, 'wishes'>, key: ConfigurationKey, version: string) {
    const current = this.configurations.get(key)?.version;
    const preconditions = preconditionsOf(call.request.headers, key, current);
    const made = await this.configurations.rollback(key, version, {
      ...writeOptionsOf(call.request),
      ...preconditions,
    });
    announceVersions(call.reply, [made]);
    await this.untilApplied(call);
    return made;
  }

  /** The write is in force here and durable; who does not serve it in time is named. */
  private async untilApplied({ how, reply }: Pick<WriteCall, 'how' | 'reply'>): Promise<void> {
    if (how.wait === undefined) return;
    const lagging = await this.replicas.untilApplied(how.timeoutMs);
    if (lagging.length > 0) reply.status(202).header('x-configuration-lagging', lagging.join(', '));
  }

  /** A dry run of a rollback is one of writing what `restored` says. */
  async previewRollback(
    key: ConfigurationKey,
    version: string,
    restored: ConfigurationVersion | undefined,
  ): Promise<DryRunReport> {
    if (!restored) throw new ConfigurationNotFoundError(key, version);
    const { configuration } = restored;
    if (configuration !== null) return this.preview(() => [{ ...key, op: 'upsert', configuration }]);
    // What is not there need not be deleted again.
    if (!this.configurations.get(key)) return { valid: true, errors: [], warnings: [], changes: [] };
    return this.preview(() => [{ ...key, op: 'delete' }]);
  }
}

function announceVersions(reply: FastifyReply, versions: readonly ConfigurationVersion[]): void {
  const newest = versions.map(({ version }) => version).reduce<string | undefined>(later, undefined);
  if (newest !== undefined) reply.header('etag', etagOf(newest));
}

/** Versions are `v<milliseconds>`: of two, the longer or else the greater text is the later. */
function later(a: string | undefined, b: string): string {
  if (a === undefined || b.length > a.length) return b;
  return b.length === a.length && b > a ? b : a;
}

function announceWarnings(reply: FastifyReply, warnings: readonly Problem[]): void {
  if (warnings.length === 0) return;
  const shown = warnings.slice(0, MAX_WARNINGS).map(({ message }) => message.replace(/[^\x20-\x7e]/g, '?'));
  reply.header(
    'x-configuration-warning',
    shown.map((message) => message.slice(0, MAX_WARNING_LENGTH)),
  );
}
