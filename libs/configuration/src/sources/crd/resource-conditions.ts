import type { Condition } from '@tigateway/kubernetes';
import {
  type ConfigurationKey,
  formatPosition,
  type ParsedObject,
  type Position,
  type Problem,
  type SourceName,
} from '@tigateway/model';
import type { ConfigurationInForce, PendingChange, RejectedDocument } from '../../reloader/configuration-api.js';

/** What the gateway knows of a resource that it has judged. */
export interface ResourceFacts {
  readonly generation: number;
  /** Absent: it defines nothing, and stands among the rejected. */
  readonly definition: (ParsedObject & { readonly hash: string }) | undefined;
  readonly rejected: RejectedDocument | undefined;
  /** What runs under its id. */
  readonly running: ConfigurationInForce | undefined;
  /** A version that a rollback keeps in force under its id. */
  readonly held: { readonly version: string; readonly reason: string } | undefined;
  readonly pending: PendingChange | undefined;
  /** Its source's deliveries are held back, for what they would remove. */
  readonly heldBack: { readonly deletions: number; readonly of: number } | undefined;
}

/** As many problems as a person reads; the status of the gateway has them all. */
const SHOWN_PROBLEMS = 20;
const MAX_MESSAGE_CHARACTERS = 4_096;

/** What a resource's status says: whether it is sound, and whether what traffic meets is this generation of it. */
export function resourceConditions(facts: ResourceFacts): Condition[] {
  const { generation: observedGeneration } = facts;
  return [
    { type: 'Accepted', observedGeneration, ...accepted(facts) },
    { type: 'Programmed', observedGeneration, ...programmed(facts) },
  ];
}

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

function accepted({ rejected }: ResourceFacts): Verdict {
  if (!rejected) return { status: 'True', reason: 'Accepted', message: 'it is sound' };
  const isDouble = rejected.problems.every(({ code }) => code === 'duplicate-id');
  return { status: 'False', reason: isDouble ? 'Conflict' : 'Invalid', message: textOf(rejected.problems) };
}

function programmed(facts: ResourceFacts): Verdict {
  const { definition, rejected, running, held, pending, heldBack } = facts;
  const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });
  if (!definition || rejected) return no('NotAccepted', whatServes(facts));
  const key = nameOf(definition);
  const isOurs = running !== undefined && isFrom(running, definition.position);
  if (isOurs && running.hash === definition.hash) {
    const isOff =
      definition.configType !== 'global' && (definition.configuration as { enabled?: unknown }).enabled === false;
    return isOff
      ? { status: 'True', reason: 'Disabled', message: `${key} is in force, and switched off` }
      : { status: 'True', reason: 'Programmed', message: `${key} is in force` };
  }
  if (pending) return no('Pending', `${key} ${whenIts(pending)}`);
  if (held)
    return no('RolledBack', `${key} is held at ${held.version} until what is written here changes: ${held.reason}`);
  if (heldBack) {
    const { deletions, of } = heldBack;
    return no(
      'HeldBack',
      `the source would drop ${deletions} of ${of} configurations; POST /api/configuration/refresh?confirm=crd lets it`,
    );
  }
  if (running && !isOurs)
    return no('Shadowed', `${key} is in force from ${placeOf(running.source, running.position)}, which wins`);
  return no('Pending', `${key} is not in force yet`);
}

function whatServes({ rejected, definition, running }: ResourceFacts): string {
  if (!definition || !running) return 'nothing of it is in force';
  const key = nameOf(definition);
  if (isFrom(running, definition.position) && rejected?.servesLastGood)
    return `an earlier form of it is in force as ${key}`;
  return `${key} is in force from ${placeOf(running.source, running.position)}`;
}

function whenIts({ strategy, dueAt, missedAt, batch }: PendingChange): string {
  if (strategy === 'scheduled' && dueAt !== undefined) return `goes in at ${dueAt}`;
  if (missedAt !== undefined) return `missed its time, ${missedAt}`;
  return batch ? `goes in batch by batch, ${batch.total} in all` : 'goes in batch by batch';
}

function isFrom({ source, position: { document } }: ConfigurationInForce, position: Position): boolean {
  return source === position.source && document === position.document;
}

function placeOf(source: SourceName, position: Position): string {
  return `the source "${source}" (${formatPosition(position)})`;
}

function nameOf({ configType, configId }: ConfigurationKey): string {
  return `${configType} "${configId}"`;
}

function textOf(problems: readonly Problem[]): string {
  const lines = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message));
  if (problems.length > SHOWN_PROBLEMS) lines.push(`and ${problems.length - SHOWN_PROBLEMS} more`);
  const text = lines.join('\n');
  return text.length > MAX_MESSAGE_CHARACTERS ? `${text.slice(0, MAX_MESSAGE_CHARACTERS - 1)}…` : text;
}
