import {
  forEachSliced,
  formatPosition,
  keyText,
  type ParsedObject,
  pointerTo,
  type Problem,
  type SourceName,
} from '@tigateway/model';

/** A document whose content is sound in itself. */
export interface SoundDocument {
  readonly name: string;
  readonly objects: readonly ParsedObject[];
}

/**
 * Who of one source's documents claims which id. Two documents that define one id cannot both be accepted: the one that is
 * later in name order is refused, whatever order they arrived in. Mutable, and owned by its source's intake: one change of it at
 * a time, which gives the event loop away.
 */
export class DocumentLedger {
  private readonly documents = new Map<string, SoundDocument>();
  /** Key text to the document that defines it; what several define stands in `contested` alone. */
  private readonly claims = new Map<string, string>();
  private readonly contested = new Map<string, Set<string>>();

  constructor(private readonly source: SourceName) {}

  get names(): Iterable<string> {
    return this.documents.keys();
  }

  get(name: string): SoundDocument | undefined {
    return this.documents.get(name);
  }

  async put(document: SoundDocument): Promise<void> {
    await this.remove(document.name);
    this.documents.set(document.name, document);
    await forEachSliced(document.objects, (object) => {
      const key = keyText(object);
      const rivals = this.contested.get(key);
      const other = this.claims.get(key);
      if (rivals) {
        rivals.add(document.name);
      } else if (other === undefined || other === document.name) {
        this.claims.set(key, document.name);
      } else {
        this.claims.delete(key);
        this.contested.set(key, new Set([other, document.name]));
      }
    });
  }

  async remove(name: string): Promise<void> {
    await forEachSliced(this.documents.get(name)?.objects ?? [], (object) => {
      const key = keyText(object);
      const rivals = this.contested.get(key);
      rivals?.delete(name);
      if (!rivals) {
        this.claims.delete(key);
      } else if (rivals.size === 1) {
        this.contested.delete(key);
        for (const only of rivals) this.claims.set(key, only);
      }
    });
    this.documents.delete(name);
  }

  /**
   * Judges the documents that share an id with another, in name order: a document stands when no earlier standing one has
   * one of its ids. Documents that share nothing are not looked at, and stand.
   */
  doubleIds(): ReadonlyMap<string, readonly Problem[]> {
    const rivals = new Set([...this.contested.values()].flatMap((names) => [...names]));
    const owners = new Map<string, ParsedObject>();
    const rejected = new Map<string, readonly Problem[]>();
    for (const name of [...rivals].sort()) {
      const disputed = (this.documents.get(name)?.objects ?? []).filter((object) =>
        this.contested.has(keyText(object)),
      );
      const problems = disputed.flatMap((object) => this.doubleId(object, owners.get(keyText(object))));
      if (problems.length > 0) rejected.set(name, problems);
      else for (const object of disputed) owners.set(keyText(object), object);
    }
    return rejected;
  }

  private doubleId(object: ParsedObject, owner: ParsedObject | undefined): Problem[] {
    if (!owner) return [];
    const { configType, configId, position } = object;
    const places = `${formatPosition(owner.position)} and ${formatPosition(position)}`;
    return [
      {
        pointer: pointerTo(object.pointer, 'id'),
        code: 'duplicate-id',
        message: `${configType} "${configId}" is defined twice in the source "${this.source}": at ${places}`,
        position,
      },
    ];
  }
}
