import { StartupError } from '@tigateway/model';
import type { FilterFactory } from '../filters/filter-factory.js';
import type { PredicateFactory } from '../predicates/predicate-factory.js';
import type { ComponentKind } from './component-notation.js';

/** Predicates and filters that no route may name, although they are there. */
export interface DisabledNames {
  readonly predicates: readonly string[];
  readonly filters: readonly string[];
}

/** A factory that the catalogue cannot take. */
export class FactoryError extends StartupError {
  constructor(
    readonly factory: object,
    message: string,
  ) {
    super(message);
  }
}

/** Every predicate and filter that a route may name. */
export class ComponentCatalogue {
  readonly predicates: readonly PredicateFactory[];
  readonly filters: readonly FilterFactory[];
  private readonly predicatesByName: ReadonlyMap<string, PredicateFactory>;
  private readonly filtersByName: ReadonlyMap<string, FilterFactory>;
  private readonly disabled: Readonly<Record<ComponentKind, ReadonlySet<string>>>;

  /**
   * @throws FactoryError where two factories claim one name, or one is not made as it should be; StartupError for a disabled
   * name that nobody has
   */
  constructor(
    predicates: readonly PredicateFactory[],
    filters: readonly FilterFactory[],
    disabled: DisabledNames = { predicates: [], filters: [] },
  ) {
    this.predicatesByName = byName('predicate', predicates, disabled.predicates);
    this.filtersByName = byName('filter', filters, disabled.filters);
    this.predicates = [...this.predicatesByName.values()];
    this.filters = [...this.filtersByName.values()];
    this.disabled = { predicate: new Set(disabled.predicates), filter: new Set(disabled.filters) };
  }

  predicate(name: string): PredicateFactory | undefined {
    return this.predicatesByName.get(name);
  }

  filter(name: string): FilterFactory | undefined {
    return this.filtersByName.get(name);
  }

  isDisabled(kind: ComponentKind, name: string): boolean {
    return this.disabled[kind].has(name);
  }
}

function byName<T extends PredicateFactory | FilterFactory>(
  kind: ComponentKind,
  factories: readonly T[],
  disabled: readonly string[],
): ReadonlyMap<string, T> {
  const named = new Map<string, T>();
  for (const factory of factories) {
    const missing = whatIsMissing(factory);
    if (missing !== undefined) throw new FactoryError(factory, `a ${kind} needs ${missing}`);
    if (named.has(factory.name)) {
      throw new FactoryError(factory, `there are two factories for the ${kind} "${factory.name}"`);
    }
    named.set(factory.name, factory);
  }
  for (const name of disabled) {
    if (!named.delete(name)) throw new StartupError(`there is no ${kind} "${name}" to be disabled`);
  }
  return named;
}

/** Factories also come from outside, where no compiler may have looked at them. */
function whatIsMissing(factory: object): string | undefined {
  const { name, args, shortcut, compile } = factory as Partial<PredicateFactory>;
  if (typeof name !== 'string' || !/^[^\s=,]+$/.test(name)) return 'a "name" without blanks, commas and "="';
  if (typeof args !== 'function') return '"args", the class of its arguments';
  const isShortcut =
    (shortcut?.kind === 'fields' && Array.isArray(shortcut.names)) ||
    (shortcut?.kind === 'gather' && typeof shortcut.list === 'string');
  if (!isShortcut) return `a "shortcut": { kind: 'fields', names: [...] } or { kind: 'gather', list: '...' }`;
  return typeof compile === 'function' ? undefined : 'a method "compile"';
}
