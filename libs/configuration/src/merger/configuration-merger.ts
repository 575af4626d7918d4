import {
  compareRank,
  type Configured,
  hashOf,
  keyText,
  type ParsedObject,
  type SourceName,
  TimeSlice,
} from '@tigateway/model';
import { type AcceptedDocument, type DesiredState, documentKey } from './desired-state.js';

/** Documents of one source that come in, replace their older content, or go. */
export interface DocumentChanges {
  readonly source: SourceName;
  readonly put: readonly AcceptedDocument[];
  readonly remove: readonly string[];
}

export interface Merged {
  readonly state: DesiredState;
  /** Key texts whose candidates may have changed: all that the planner has to look at. */
  readonly touched: ReadonlySet<string>;
}

/**
 * Folds the accepted documents of all sources into one desired state, by precedence. A function of its input: whatever order
 * documents come in, the same documents give the same state.
 */
export class ConfigurationMerger {
  private readonly precedence: ReadonlyMap<SourceName, number>;

  /** @param precedence the sources, the winning one first; one that is not named comes after them all */
  constructor(precedence: readonly SourceName[]) {
    this.precedence = new Map(precedence.map((source, index) => [source, index]));
  }

  precedenceOf(source: SourceName): number {
    return this.precedence.get(source) ?? this.precedence.size;
  }

  async merge(state: DesiredState, { source, put, remove }: DocumentChanges): Promise<Merged> {
    const slice = new TimeSlice();
    const documents = state.documents.asMutable();
    const candidates = state.candidates.asMutable();
    const touched = new Set<string>();
    const precedence = this.precedenceOf(source);

    const withdraw = async (document: AcceptedDocument | undefined, next?: AcceptedDocument): Promise<void> => {
      for (const [index, object] of document?.objects.entries() ?? []) {
        if (slice.isUsedUp) await slice.breathe();
        if (isAsBefore(index, document, next)) continue;
        const key = keyText(object);
        const rest = (candidates.get(key) ?? []).filter((each) => !isFrom(each, document as AcceptedDocument));
        if (rest.length > 0) candidates.set(key, rest);
        else candidates.delete(key);
        touched.add(key);
      }
    };

    for (const name of remove) {
      await withdraw(documents.get(documentKey(source, name)));
      documents.delete(documentKey(source, name));
    }
    for (const document of put) {
      const older = new Map<string, Configured>();
      const previous = documents.get(documentKey(source, document.name));
      for (const [index, object] of previous?.objects.entries() ?? []) {
        if (slice.isUsedUp) await slice.breathe();
        if (isAsBefore(index, previous, document)) continue;
        const known = candidates.get(keyText(object))?.find((each) => isFrom(each, document));
        if (known) older.set(keyText(object), known);
      }
      await withdraw(previous, document);
      for (const [index, object] of document.objects.entries()) {
        if (slice.isUsedUp) await slice.breathe();
        if (isAsBefore(index, previous, document)) continue;
        const key = keyText(object);
        const rank = [precedence, document.orderKey, index] as const;
        const others = candidates.get(key) ?? [];
        candidates.set(key, insertByRank(others, configured(object, rank, older.get(key))));
        touched.add(key);
      }
      documents.set(documentKey(source, document.name), document);
    }
    return { state: { documents: documents.asImmutable(), candidates: candidates.asImmutable() }, touched };
  }
}

/** The very object of before in the same place: of a document of 100,000 routes nearly all are, where one has changed. */
function isAsBefore(index: number, before: AcceptedDocument | undefined, next: AcceptedDocument | undefined): boolean {
  return before?.orderKey === next?.orderKey && before?.objects[index] === next?.objects[index];
}

function isFrom(candidate: Configured, document: AcceptedDocument): boolean {
  return candidate.source === document.source && candidate.rank[1] === document.orderKey;
}

/** Hashing is the dear part: what is the very object of before keeps its hash. */
function configured(object: ParsedObject, rank: Configured['rank'], older: Configured | undefined): Configured {
  const isSame = older !== undefined && older.configuration === object.configuration;
  if (isSame && older.position === object.position && compareRank(older.rank, rank) === 0) return older;
  return {
    configuration: object.configuration,
    hash: isSame ? older.hash : hashOf(object.configuration),
    source: object.position.source,
    position: object.position,
    rank,
    ...(object.deferredPlaceholders && { deferredPlaceholders: true }),
  };
}

function insertByRank(candidates: readonly Configured[], added: Configured): readonly Configured[] {
  // Nearly every configuration has one candidate; a spread would leave its array room for sixteen more.
  if (candidates.length === 0) return [added];
  const at = candidates.findIndex((each) => compareRank(added.rank, each.rank) < 0);
  return at < 0 ? [...candidates, added] : candidates.toSpliced(at, 0, added);
}
