import { isJsonObject, type Json, pointerTo, type Problem } from '@tigateway/model';

/** One argument as it was written. */
export interface WrittenArgument {
  /** The argument's name, or `_genkey_N` for the N-th value of a shortcut. */
  readonly key: string;
  readonly value: Json;
  readonly pointer: string;
}

/** A predicate or filter in any notation, before anyone has looked up what it names. */
export interface WrittenComponent {
  readonly name: string;
  readonly pointer: string;
  readonly namePointer: string;
  readonly args: readonly WrittenArgument[];
  /** Where an argument would stand that was left out. */
  readonly argsPointer: string;
  /** `Name=a,b`: no argument has a place of its own. */
  readonly isShortcut: boolean;
}

export type ComponentKind = 'predicate' | 'filter';

const GENERATED_KEY = '_genkey_';

export function isGeneratedKey(key: string): boolean {
  return key.startsWith(GENERATED_KEY);
}

/**
 * Reads `Name=a,b`, a bare filter name, or `{ name, args }`, exactly as Spring does: the first `=` divides, values are
 * trimmed, empty ones vanish, nothing quotes a comma. The name is taken as it stands, with its blanks.
 */
export function readNotation(
  kind: ComponentKind,
  definition: Json,
  pointer: string,
  problems: Problem[],
): WrittenComponent | undefined {
  if (typeof definition === 'string') return readShortcut(kind, definition, pointer, problems);
  if (!isJsonObject(definition)) {
    const message = `expected a text such as "Name=value" or an object with "name" and "args"`;
    problems.push({ pointer, code: 'wrong-type', message });
    return undefined;
  }
  for (const key of Object.keys(definition)) {
    if (key === 'name' || key === 'args') continue;
    const message = `unknown property "${key}"; expected one of: name, args`;
    problems.push({ pointer: pointerTo(pointer, key), code: 'unknown-property', message });
  }
  const { name, args = null } = definition;
  if (typeof name !== 'string' || name === '') {
    const at = pointerTo(pointer, 'name');
    problems.push({ pointer: at, code: name === undefined ? 'required' : 'wrong-type', message: '"name" is required' });
    return undefined;
  }
  const argsPointer = pointerTo(pointer, 'args');
  if (args !== null && !isJsonObject(args)) {
    problems.push({ pointer: argsPointer, code: 'wrong-type', message: 'expected an object of argument names' });
    return undefined;
  }
  const written = Object.entries(args ?? {}).map(([key, value]) => ({
    key,
    value,
    pointer: pointerTo(argsPointer, key),
  }));
  return { name, pointer, namePointer: pointerTo(pointer, 'name'), args: written, argsPointer, isShortcut: false };
}

function readShortcut(
  kind: ComponentKind,
  text: string,
  pointer: string,
  problems: Problem[],
): WrittenComponent | undefined {
  const equals = text.indexOf('=');
  const isBare = equals <= 0;
  if (isBare && kind === 'predicate') {
    const message = `unable to read the predicate "${text}", it must be of the form name=value`;
    problems.push({ pointer, code: 'invalid-shortcut', message });
    return undefined;
  }
  const values = isBare
    ? []
    : text
        .slice(equals + 1)
        .split(',')
        .map((value) => value.trim())
        .filter((value) => value !== '');
  return {
    name: isBare ? text : text.slice(0, equals),
    pointer,
    namePointer: pointer,
    args: values.map((value, index) => ({ key: `${GENERATED_KEY}${index}`, value, pointer })),
    argsPointer: pointer,
    isShortcut: true,
  };
}
