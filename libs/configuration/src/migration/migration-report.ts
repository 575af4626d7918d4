import {
  isJsonObject,
  type Json,
  type ParsedObject,
  pointerTo,
  pointerTokens,
  type Position,
  type Problem,
  relaxedName,
  TimeSlice,
} from '@tigateway/model';
import { readNotation } from '@tigateway/routing';
import { Locator } from '../parser/locator.js';
import { propertyPath } from '../parser/property-path.js';
import {
  type Difference,
  FILTER_DIFFERENCES,
  GENERAL_DIFFERENCES,
  KEY_DIFFERENCES,
  NO_ROUTE_ID,
  PREDICATE_DIFFERENCES,
  ROUTE_CORS,
} from './differences.js';

/** What a validation says of one part of the document. */
export interface MigrationEntry {
  readonly pointer: string;
  readonly position: Position;
  /** `route "orders"`, `route "orders", filter Retry`, `httpclient.connect-timeout`. */
  readonly subject: string;
  /** One sentence. */
  readonly message: string;
}

/** What becomes of a configuration that was written for Spring Cloud Gateway. */
export interface MigrationReport {
  /** Means here what it means there. */
  readonly taken: readonly MigrationEntry[];
  /** Is read, and means something else; or needs nothing; or has no effect. */
  readonly differs: readonly MigrationEntry[];
  /** Keeps the document out of force. */
  readonly refused: readonly MigrationEntry[];
  /** Is another program's: of Spring and the application. */
  readonly foreign: readonly MigrationEntry[];
}

interface Validated {
  readonly objects: readonly ParsedObject[];
  readonly foreign: readonly Problem[];
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Sorts what a validation found, and adds what is silently different. Gives the event loop away between objects. */
export async function migrationReport(validated: Validated, text: string): Promise<MigrationReport> {
  const sorting = new Sorting(validated, text);
  sorting.problems();
  const slice = new TimeSlice();
  for (const object of validated.objects) {
    sorting.take(object);
    if (slice.isUsedUp) await slice.breathe();
  }
  return sorting.report;
}

const ROOT = '/spring/cloud/gateway';
const DERIVED_ID = /^route-[0-9a-f]{12}(?:-\d+)?$/;

class Sorting {
  private readonly locator: Locator;
  private readonly taken: MigrationEntry[] = [];
  private readonly differs: MigrationEntry[] = [];
  private readonly refused: MigrationEntry[] = [];
  private readonly foreign: MigrationEntry[] = [];

  constructor(
    private readonly validated: Validated,
    text: string,
  ) {
    this.locator = new Locator(text);
  }

  get report(): MigrationReport {
    const { taken, differs, refused, foreign } = this;
    return { taken, differs, refused, foreign };
  }

  problems(): void {
    const { errors, warnings, foreign } = this.validated;
    for (const problem of errors) this.refused.push(this.entry(problem));
    for (const problem of foreign) this.foreign.push(this.entry(problem));
    for (const problem of warnings) if (problem.code !== 'foreign-keys') this.differs.push(this.entry(problem));
    for (const [subject, { message }] of Object.entries(GENERAL_DIFFERENCES)) {
      this.differs.push({ pointer: ROOT, position: this.placeOf(ROOT), subject, message });
    }
  }

  take(object: ParsedObject): void {
    if (object.configType === 'route') this.route(object);
    else if (object.configType === 'global') this.setting(object);
  }

  private route(object: ParsedObject): void {
    const { configId, configuration, pointer } = object;
    if (!isJsonObject(configuration)) return;
    const subject = `route "${configId}"`;
    const predicates = this.components(object, 'predicate', memberOf(configuration, 'predicates'), subject);
    const filters = this.components(object, 'filter', memberOf(configuration, 'filters'), subject);
    if (DERIVED_ID.test(configId)) this.note(object, pointer, subject, NO_ROUTE_ID);
    const metadata = memberOf(configuration, 'metadata');
    const cors = metadata && isJsonObject(metadata.value) && memberOf(metadata.value, 'cors');
    if (metadata && cors) {
      const at = pointerTo(pointerTo(pointer, metadata.key), cors.key);
      this.note(object, at, `${subject}, metadata.cors`, ROUTE_CORS);
    }
    if (this.isRefused(pointer)) return;
    const others = Object.keys(configuration).filter((key) => !/^(id|predicates|filters)$/i.test(key));
    const message = [countOf(predicates, 'predicate'), countOf(filters, 'filter'), ...others].join(', ');
    this.taken.push({ pointer, position: object.position, subject, message });
  }

  /** @returns how many there are */
  private components(
    object: ParsedObject,
    kind: 'predicate' | 'filter',
    member: Member | undefined,
    owner: string,
    pointer = member && pointerTo(object.pointer, member.key),
  ): number {
    if (!member || pointer === undefined || !Array.isArray(member.value)) return 0;
    const known = kind === 'predicate' ? PREDICATE_DIFFERENCES : FILTER_DIFFERENCES;
    const list = member.value as readonly Json[];
    for (const [index, component] of list.entries()) {
      const at = pointerTo(pointer, index);
      const written = readNotation(kind, component, at, []);
      if (!written || !Object.hasOwn(known, written.name)) continue;
      for (const difference of known[written.name] ?? []) {
        if (difference.concerns && !difference.concerns(written)) continue;
        this.note(object, at, `${owner}, ${kind} ${written.name}`, difference);
      }
    }
    return list.length;
  }

  private setting(object: ParsedObject): void {
    const { configId, configuration, pointer } = object;
    const key = keyOf(pointer);
    if (configId === 'default-filters' && Array.isArray(configuration)) {
      const count = this.components(object, 'filter', { key: '', value: configuration }, key, pointer);
      if (this.isRefused(pointer)) return;
      this.taken.push({ pointer, position: object.position, subject: key, message: countOf(count, 'filter') });
      return;
    }
    const difference = KEY_DIFFERENCES[key];
    if (difference) this.note(object, pointer, key, difference);
    for (const at of leavesOf(configuration, pointer)) {
      if (this.isRefused(at) || this.validated.warnings.some((warning) => warning.pointer === at)) continue;
      const position = this.placeOf(at, object);
      const message = `the global configuration ${configId}`;
      this.taken.push({ pointer: at, position, subject: keyOf(at), message });
    }
  }

  private note(object: ParsedObject, pointer: string, subject: string, { message }: Difference): void {
    if (this.isRefused(pointer)) return;
    this.differs.push({ pointer, position: this.placeOf(pointer, object), subject, message });
  }

  /** Whether something there, or what holds it, is wrong. */
  private isRefused(pointer: string): boolean {
    return this.validated.errors.some(
      (error) => isWithin(error.pointer, pointer) || (isWithin(pointer, error.pointer) && error.pointer !== ''),
    );
  }

  private entry({ pointer, message, position }: Problem): MigrationEntry {
    return { pointer, position: position ?? this.placeOf(pointer), subject: this.subjectOf(pointer), message };
  }

  private subjectOf(pointer: string): string {
    const object = this.validated.objects.find(
      (each) => each.configType === 'route' && isWithin(pointer, each.pointer),
    );
    if (!object) return keyOf(pointer);
    const [list = '', index] = pointerTokens(pointer.slice(object.pointer.length));
    const kind = ({ predicates: 'predicate', filters: 'filter' } as const)[relaxedName(list)];
    const component = isJsonObject(object.configuration) && memberOf(object.configuration, list)?.value;
    const written = kind && Array.isArray(component) && nameOf((component as readonly Json[])[Number(index)]);
    const part = kind && written ? `, ${kind} ${written}` : list === '' ? '' : `, ${list}`;
    return `route "${object.configId}"${part}`;
  }

  private placeOf(pointer: string, object = this.validated.objects[0]): Position {
    const { source, document } = object?.position ?? { source: 'request', document: 'request' };
    return { source, document, ...this.locator.locate(pointer, object?.position.line) };
  }
}

interface Member {
  readonly key: string;
  readonly value: Json;
}

function memberOf(object: Readonly<Record<string, Json>>, name: string): Member | undefined {
  const key = Object.keys(object).find((each) => relaxedName(each) === relaxedName(name));
  return key === undefined ? undefined : { key, value: object[key] as Json };
}

function nameOf(component: Json | undefined): string | undefined {
  if (typeof component === 'string') return /^[^=]*/.exec(component)?.[0];
  const name = component !== undefined && isJsonObject(component) ? component['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function isWithin(pointer: string, outer: string): boolean {
  return pointer === outer || pointer.startsWith(`${outer}/`);
}

/** The key below Spring's root that a pointer leads to, as a person would write it. */
function keyOf(pointer: string): string {
  return pointerTokens(pointer)
    .flatMap((token) => propertyPath(token))
    .join('.')
    .replace(/^spring\.cloud\.gateway\.?/, '')
    .replace(/^server\.webflux\.?/, '');
}

/** Where the values stand: a list of plain values is one. */
function* leavesOf(value: Json, pointer: string): Generator<string> {
  if (!isJsonObject(value) || Object.keys(value).length === 0) yield pointer;
  else for (const [key, member] of Object.entries(value)) yield* leavesOf(member, pointerTo(pointer, key));
}
