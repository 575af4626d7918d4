import {
  bind,
  type Constructor,
  emptyRecord,
  fieldsOf,
  isJsonObject,
  type Json,
  pointerTo,
  pointerTokens,
  type Problem,
  relaxedName,
} from '@tigateway/model';
import type { Shortcut } from './component.js';
import { isGeneratedKey, type WrittenArgument, type WrittenComponent } from './component-notation.js';

/** A component's arguments, and where each was written. */
export interface BoundArguments<Args extends object> {
  readonly args: Args;
  /** Where the argument of that name stands in what was sent; the arguments as a whole where it was left out. */
  pointerOf(argument: string | undefined): string;
}

/** Brings the written arguments into the declared class. What it cannot place is a problem, never ignored. */
export function bindArguments<Args extends object>(
  type: Constructor<Args>,
  shortcut: Shortcut,
  written: WrittenComponent,
  problems: Problem[],
): BoundArguments<Args> | undefined {
  const before = problems.length;
  const places = new Places(type, written);
  const raw = shortcut.kind === 'fields' ? named(shortcut, places, problems) : gathered(shortcut, places);
  if (problems.length > before) return undefined;
  const bound = bind(type, raw);
  for (const problem of bound.problems) {
    problems.push({ ...problem, pointer: places.pointerOf(...pointerTokens(problem.pointer)) });
  }
  if (bound.value === undefined) return undefined;
  return {
    args: bound.value,
    pointerOf: (argument) => places.pointerOf(...(argument?.split('.') ?? [])),
  };
}

/** Remembers where each argument and each item of the gathered list was written. */
class Places {
  private readonly pointers = new Map<string, string>();

  constructor(
    private readonly type: Constructor,
    readonly written: WrittenComponent,
  ) {}

  set(argument: string, pointer: string): void {
    this.pointers.set(relaxedName(argument), pointer);
  }

  /** The items of a shortcut all stand where it stands. */
  setItems(argument: string, items: readonly WrittenArgument[]): void {
    if (this.written.isShortcut) return;
    const name = relaxedName(argument);
    items.forEach(({ pointer }, index) => this.pointers.set(`${name}/${index}`, pointer));
    const [first] = items;
    if (first && items.every(({ pointer }) => pointer === first.pointer)) this.pointers.set(name, first.pointer);
  }

  has(argument: string): boolean {
    return this.pointers.has(relaxedName(argument));
  }

  isField(name: string): boolean {
    return fieldsOf(this.type).some((field) => relaxedName(field.key) === relaxedName(name));
  }

  pointerOf(argument?: string, ...rest: string[]): string {
    const { argsPointer, isShortcut } = this.written;
    if (argument === undefined || isShortcut) return argsPointer;
    const name = this.keyOf(argument);
    const item = rest[0] === undefined ? undefined : this.pointers.get(`${name}/${rest[0]}`);
    if (item !== undefined) return rest.slice(1).reduce(pointerTo, item);
    const whole = this.pointers.get(name);
    if (whole !== undefined) return rest.reduce(pointerTo, whole);
    // `backoff.factor` was written as one key and is read as two names.
    return this.pointers.get([name, ...rest.map(relaxedName)].join('.')) ?? pointerTo(argsPointer, argument);
  }

  /** A ComponentError names the property, a binding problem the key; both are one argument. */
  private keyOf(argument: string): string {
    const wanted = relaxedName(argument);
    const field = fieldsOf(this.type).find((each) => relaxedName(each.name) === wanted);
    return field ? relaxedName(field.key) : wanted;
  }
}

function named(shortcut: Shortcut & { kind: 'fields' }, places: Places, problems: Problem[]): Json {
  const raw = emptyRecord();
  const seen = new Set<string>();
  const { written } = places;
  written.args.forEach(({ key, value, pointer }, index) => {
    const name = isGeneratedKey(key) ? shortcut.names[index] : key;
    if (name === undefined) {
      const expected = shortcut.names.length > 0 ? `at most ${shortcut.names.join(', ')}` : 'no value in this notation';
      const message = `"${written.name}" has a surplus value ${JSON.stringify(value)}; it takes ${expected}`;
      problems.push({ pointer, code: 'surplus-argument', message });
      return;
    }
    if (seen.has(relaxedName(name))) {
      problems.push({ pointer, code: 'duplicate-argument', message: `the argument "${name}" is given twice` });
      return;
    }
    seen.add(relaxedName(name));
    places.set(name, pointer);
    raw[name] = value;
  });
  return raw;
}

/** Every value, whatever its key, becomes an item; only another declared argument of the class keeps its name. */
function gathered(shortcut: Shortcut & { kind: 'gather' }, places: Places): Json {
  const { list, tailFlag, splitsCommas } = shortcut;
  const raw = emptyRecord();
  const items: WrittenArgument[] = [];
  for (const argument of places.written.args) {
    const { key } = argument;
    const isNamed = !isGeneratedKey(key) && relaxedName(key) !== relaxedName(list) && places.isField(key);
    if (isNamed) {
      raw[key] = argument.value;
      places.set(key, argument.pointer);
    } else items.push(...itemsOf(argument, splitsCommas && !places.written.isShortcut));
  }
  const last = items.at(-1);
  if (tailFlag !== undefined && !places.has(tailFlag) && last && isFlag(last.value)) {
    items.pop();
    raw[tailFlag] = last.value;
    places.set(tailFlag, last.pointer);
  }
  if (items.length === 0) return raw;
  places.setItems(list, items);
  raw[list] = items.map(({ value }) => value);
  return raw;
}

function isFlag(value: Json): boolean {
  return typeof value === 'boolean' || (typeof value === 'string' && /^(true|false)$/i.test(value));
}

function itemsOf({ key, value, pointer }: WrittenArgument, splitsCommas: boolean): WrittenArgument[] {
  if (Array.isArray(value) || isJsonObject(value)) {
    return Object.entries(value as Record<string, Json>).flatMap(([index, item]) =>
      itemsOf({ key, value: item, pointer: pointerTo(pointer, index) }, splitsCommas),
    );
  }
  if (typeof value !== 'string' || !splitsCommas) return [{ key, value, pointer }];
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => ({ key, value: item, pointer }));
}
