import { availableParallelism } from 'node:os';
import {
  forEachSliced,
  type Json,
  keyText,
  type ParsedObject,
  type Position,
  type Problem,
  sameJson,
  type SourceDocument,
  type SourceName,
  type SourceUpdate,
  TimeSlice,
  toRecords,
} from '@tigateway/model';
import type { StoredDocument } from '../history/configuration-store.js';
import type { DocumentChanges } from '../merger/configuration-merger.js';
import type { AcceptedDocument } from '../merger/desired-state.js';
import { DocumentLedger } from '../merger/document-ledger.js';
import type { DocumentParser } from '../parser/document-parser.js';
import type { ParsedDocument } from '../parser/parsed-document.js';
import { isOperatorOwned } from '../parser/global-settings.js';
import type { ConfigurationValidator } from '../validator/configuration-validator.js';
import {
  ALL_STEPS,
  type Surroundings,
  type ValidationContext,
  type ValidationSteps,
} from '../validator/validation-context.js';
import type { RejectedDocument } from './configuration-api.js';
import type { Rejection } from './stage-changes.js';
import { type UpdatePolicySettings, validationSteps } from './update-policy.settings.js';

/** What a delivery comes down to. */
export interface Intake {
  readonly changes: DocumentChanges;
  /** Documents that are refused now and were not, or for other reasons. */
  readonly rejections: readonly Rejection[];
  /** To be called once `rejections` are told. */
  readonly told: () => void;
  /** To be called once `changes` are in force. */
  readonly settle: () => void;
}

export interface IntakeOptions {
  readonly policy: UpdatePolicySettings;
  readonly surroundings: Surroundings;
  /** Lets through a delivery that drops more than `max-deletions` allows. */
  readonly confirmed: boolean;
}

/** On one core, what runs beside this thread takes its turns from it, and so from traffic. */
const HAS_CORES = availableParallelism() > 1;

/** Fewer objects than this say nothing about a sudden loss. */
const GUARDED_FROM = 10;

/**
 * One source's documents on their way in: parsed, validated, and judged against each other. A document that is refused keeps its
 * last good content in force; everything else goes on.
 */
export class SourceIntake {
  private readonly ledger: DocumentLedger;
  private readonly inForce = new Map<string, AcceptedDocument>();
  /** The validation steps that a document in force has passed, and those that one on its way in has. */
  private readonly checkedWith = new Map<string, ValidationSteps>();
  private readonly toCheck = new Map<string, ValidationSteps>();
  private readonly refused = new Map<string, readonly Problem[]>();
  /** Delivered, and not yet in force: a commit that failed leaves them here for the next delivery. */
  private readonly unsettled = new Set<string>();
  /** Documents of a delivery that is held back; it stays so until they are delivered again. */
  private readonly withheld = new Set<string>();
  private guard: { readonly deletions: number; readonly of: number } | undefined;

  constructor(
    private readonly source: SourceName,
    private readonly parser: DocumentParser,
    private readonly validator: ConfigurationValidator,
  ) {
    this.ledger = new DocumentLedger(source);
  }

  get documents(): number {
    return new Set([...this.inForce.keys(), ...this.refused.keys()]).size;
  }

  get heldBack(): { readonly deletions: number; readonly of: number } | undefined {
    return this.guard;
  }

  get rejected(): RejectedDocument[] {
    return [...this.refused].map(([document, problems]) => ({
      document,
      problems,
      servesLastGood: this.inForce.has(document),
    }));
  }

  /** What an earlier run had accepted and is still valid: the last good content until the source speaks. */
  async restore(documents: readonly StoredDocument[]): Promise<DocumentChanges> {
    const put = documents.map(({ name, objects }) => this.accepted(name, objects));
    for (const document of put) {
      this.inForce.set(document.name, document);
      this.checkedWith.set(document.name, ALL_STEPS);
      await this.ledger.put(document);
    }
    return { source: this.source, put, remove: [] };
  }

  async take(update: SourceUpdate, options: IntakeOptions): Promise<Intake> {
    const removed = new Set(update.removed);
    if (update.complete) {
      const named = new Set(update.documents.map(({ name }) => name));
      for (const name of [...this.inForce.keys(), ...this.refused.keys()]) if (!named.has(name)) removed.add(name);
    }
    const sound = new Map<string, readonly ParsedObject[]>();
    const unsound = new Map<string, readonly Problem[]>();
    let coming: Promise<ParsedDocument> | undefined;
    for (const [index, document] of update.documents.entries()) {
      const parsed = await (coming ?? this.parser.parse(this.source, document));
      // One document is parsed while the one before it is checked.
      const next = HAS_CORES ? update.documents[index + 1] : undefined;
      coming = next && this.parser.parse(this.source, next);
      const { objects, problems } = await this.read(document, parsed, options);
      if (problems.length > 0) unsound.set(document.name, problems);
      if (objects) sound.set(document.name, objects);
    }
    if (await this.isSuddenLoss(sound, removed, update.complete, options)) {
      const changes = { source: this.source, put: [], remove: [] };
      return { changes, rejections: [], told: () => undefined, settle: () => undefined };
    }
    for (const name of removed) await this.ledger.remove(name);
    for (const [name, objects] of sound) await this.ledger.put({ name, objects });
    return this.judge([...removed], unsound, new Set(update.documents.map(({ name }) => name)));
  }

  /** Weighs the documents against each other: double ids make the later one wait, and let it in once they are gone. */
  private judge(
    removed: readonly string[],
    unsound: ReadonlyMap<string, readonly Problem[]>,
    delivered: ReadonlySet<string>,
  ): Intake {
    const doubles = this.ledger.doubleIds();
    const refused = new Map<string, readonly Problem[]>(doubles);
    for (const [name, problems] of this.refused) {
      const isDouble = problems.every(({ code }) => code === 'duplicate-id');
      if (!isDouble && !delivered.has(name) && !removed.includes(name)) refused.set(name, problems);
    }
    for (const [name, problems] of unsound) refused.set(name, problems);
    const put: AcceptedDocument[] = [];
    for (const name of [...delivered, ...removed]) this.unsettled.add(name);
    for (const name of new Set([...this.unsettled, ...doubles.keys(), ...this.refused.keys()])) {
      if (!this.ledger.get(name)) continue;
      const objects = this.ledger.get(name)?.objects ?? [];
      if (!doubles.has(name) && objects !== this.inForce.get(name)?.objects) put.push(this.accepted(name, objects));
    }
    const rejections = [...refused]
      .filter(([name, problems]) => !sameJson(problems as unknown as Json, (this.refused.get(name) ?? null) as Json))
      .map(([name, problems]) => ({ position: this.placeOf(name, problems), problems }));
    const remove = [...this.unsettled].filter((name) => this.inForce.has(name) && !this.ledger.get(name));
    const told = (): void => {
      this.refused.clear();
      for (const [name, problems] of refused) this.refused.set(name, problems);
    };
    const settle = (): void => {
      this.unsettled.clear();
      for (const name of remove) {
        this.inForce.delete(name);
        this.checkedWith.delete(name);
      }
      for (const document of put) {
        this.inForce.set(document.name, document);
        const steps = this.toCheck.get(document.name);
        if (steps) this.checkedWith.set(document.name, steps);
      }
      this.toCheck.clear();
    };
    return { changes: { source: this.source, put, remove }, rejections, told, settle };
  }

  private async read(
    document: SourceDocument,
    parsed: ParsedDocument,
    { policy, surroundings }: IntakeOptions,
  ): Promise<{ objects?: readonly ParsedObject[]; problems: readonly Problem[] }> {
    if (parsed.problems.length > 0) return { problems: parsed.problems };
    const known = this.inForce.get(document.name);
    const { objects, fresh } = await reuse(parsed.objects, known?.objects ?? []);
    // What a configuration refers to may come later from elsewhere: for a source that is nobody's problem.
    const steps = { ...validationSteps(policy), dependencies: false };
    const isChecked = known !== undefined && isCoveredBy(steps, this.checkedWith.get(document.name));
    const unchecked = isChecked ? fresh : objects;
    const context = (wanted: ValidationSteps): ValidationContext => ({
      steps: wanted,
      surroundings,
      missingDependency: 'warning',
      ...(document.kind === 'text' && { text: document.text }),
    });
    const verdict = await this.validator.validate(unchecked, context(steps));
    // Switched off or not: what does not compile cannot run, and would keep every other document of the delivery out.
    const mustCompile = { syntax: false, schema: true, semantics: true, dependencies: false };
    const problems =
      verdict.problems.length === 0 && !(steps.schema && steps.semantics)
        ? (await this.validator.validate(unchecked.filter(isCompiled), context(mustCompile))).problems
        : verdict.problems;
    this.toCheck.set(document.name, steps);
    if (problems.length === 0) return { objects, problems };
    if (policy.validation.onInvalid === 'document') return { problems };
    const lastGood = new Map((known?.objects ?? []).map((object) => [keyText(object), object]));
    const kept: ParsedObject[] = [];
    const slice = new TimeSlice();
    // Each by itself: pointers of several YAML documents in one file may be the same.
    for (const object of objects) {
      const own = isCompiled(object) ? { ...mustCompile, syntax: steps.syntax } : steps;
      const { problems: found } = await this.validator.validate([object], context(own));
      const good = found.length === 0 ? object : lastGood.get(keyText(object));
      if (good) kept.push(good);
      if (slice.isUsedUp) await slice.breathe();
    }
    return { objects: kept, problems };
  }

  private async isSuddenLoss(
    sound: ReadonlyMap<string, readonly ParsedObject[]>,
    removed: ReadonlySet<string>,
    complete: boolean,
    { policy, confirmed }: IntakeOptions,
  ): Promise<boolean> {
    const limit = policy.validation.maxDeletions;
    for (const name of complete ? this.withheld : sound.keys()) this.withheld.delete(name);
    if (this.withheld.size === 0 || confirmed) this.guard = undefined;
    if (limit === undefined || confirmed) return false;
    const kept = new Set<string>();
    for (const objects of sound.values()) await forEachSliced(objects, (object) => kept.add(keyText(object)));
    let total = 0;
    for (const { objects } of this.inForce.values()) total += objects.length;
    let deletions = 0;
    const names = new Set([...removed, ...sound.keys()]);
    for (const name of names) {
      await forEachSliced(this.inForce.get(name)?.objects ?? [], (object) => {
        if (!kept.has(keyText(object))) deletions++;
      });
    }
    if (total < GUARDED_FROM || deletions / total <= limit) return false;
    for (const name of names) this.withheld.add(name);
    this.guard = { deletions, of: total };
    return true;
  }

  private accepted(name: string, objects: readonly ParsedObject[]): AcceptedDocument {
    return { source: this.source, name, orderKey: name, objects };
  }

  private placeOf(name: string, problems: readonly Problem[]): Position {
    const place = problems.find(({ position }) => position)?.position;
    return place ?? { source: this.source, document: name, line: 0, column: 0 };
  }
}

function isCompiled({ configType, configId }: ParsedObject): boolean {
  return configType !== 'global' || !isOperatorOwned(configId);
}

/**
 * Keeps the very objects of before where the content is the same: what was hashed and compiled once is not again. New content is
 * copied into compact records.
 * @returns all objects, and those among them whose content is new
 */
async function reuse(
  objects: readonly ParsedObject[],
  before: readonly ParsedObject[],
): Promise<{ readonly objects: readonly ParsedObject[]; readonly fresh: readonly ParsedObject[] }> {
  const known = new Map<string, ParsedObject>();
  await forEachSliced(before, (object) => known.set(keyText(object), object));
  const result: ParsedObject[] = [];
  const fresh: ParsedObject[] = [];
  let isUnchanged = objects.length === before.length;
  await forEachSliced(objects, (object) => {
    const older = known.get(keyText(object));
    const kept = reused(object, older);
    isUnchanged &&= kept === before[result.length];
    result.push(kept);
    if (kept.configuration !== older?.configuration) fresh.push(kept);
  });
  return { objects: isUnchanged ? before : result, fresh };
}

/** Whether what was checked with some steps need not be checked again with others. */
function isCoveredBy(steps: ValidationSteps, checked: ValidationSteps | undefined): boolean {
  if (!checked) return false;
  return (['syntax', 'schema', 'semantics'] as const).every((step) => checked[step] || !steps[step]);
}

function reused(object: ParsedObject, older: ParsedObject | undefined): ParsedObject {
  if (!older || !sameJson(older.configuration, object.configuration)) {
    return { ...object, configuration: toRecords(object.configuration) };
  }
  const isSamePlace = older.pointer === object.pointer && isSamePosition(older.position, object.position);
  return isSamePlace ? older : { ...object, configuration: older.configuration };
}

function isSamePosition(a: Position, b: Position): boolean {
  return a.line === b.line && a.column === b.column && a.document === b.document;
}
