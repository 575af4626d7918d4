import { isJsonObject, type Json, type ParsedObject, pointerTo, relaxedName } from '@tigateway/model';
import type { Remark } from './layout.js';

/** A predicate or filter that a document switches off: Spring's `filter.<name>.enabled: false`. */
export interface DisabledComponent {
  readonly kind: 'predicate' | 'filter';
  /** Relaxed. */
  readonly name: string;
  /** The key that says it, as a person would write it. */
  readonly key: string;
}

/** Whether the configuration of a document uses what the same document switches off. */
export function usesOfDisabled(object: ParsedObject, disabled: readonly DisabledComponent[]): Remark[] {
  return componentsOf(object).flatMap(({ kind, name, pointer }) => {
    const by = disabled.find((each) => each.kind === kind && each.name === relaxedName(name));
    if (!by) return [];
    const message = `there is no ${kind} "${name}": this document switches it off by ${by.key}`;
    return [{ pointer, code: `unknown-${kind}`, message }];
  });
}

interface NamedComponent extends Pick<DisabledComponent, 'kind' | 'name'> {
  readonly pointer: string;
}

function componentsOf({ configType, configId, configuration, pointer }: ParsedObject): NamedComponent[] {
  if (configType === 'filter') return named('filter', configuration, pointer);
  if (configType === 'global') {
    if (configId !== 'default-filters') return [];
    return Array.isArray(configuration)
      ? listed('filter', configuration, pointer)
      : isJsonObject(configuration)
        ? Object.entries(configuration).flatMap(([key, list]) => listed('filter', list, pointerTo(pointer, key)))
        : [];
  }
  if (!isJsonObject(configuration)) return [];
  return Object.entries(configuration).flatMap(([key, list]) => {
    const kind =
      relaxedName(key) === 'predicates' ? 'predicate' : relaxedName(key) === 'filters' ? 'filter' : undefined;
    return kind ? listed(kind, list, pointerTo(pointer, key)) : [];
  });
}

function listed(kind: NamedComponent['kind'], list: Json, pointer: string): NamedComponent[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).flatMap((each, index) => named(kind, each, pointerTo(pointer, index)));
}

function named(kind: NamedComponent['kind'], component: Json, pointer: string): NamedComponent[] {
  const name =
    typeof component === 'string'
      ? /^[^=]*/.exec(component)?.[0]
      : isJsonObject(component)
        ? component['name']
        : undefined;
  return typeof name === 'string' ? [{ kind, name, pointer }] : [];
}
