import { type Clock, type Json, type Problem } from '@tigateway/model';
import type { FilterFactory, GatewayFilter } from '../filters/filter-factory.js';
import type { PredicateFactory, RoutePredicate } from '../predicates/predicate-factory.js';
import { type CompileContext, ComponentError } from './component.js';
import { bindArguments } from './component-arguments.js';
import type { ComponentCatalogue } from './component-catalogue.js';
import { type ComponentKind, readNotation, type WrittenComponent } from './component-notation.js';
import { nearNames } from './near-names.js';
import { UNSUPPORTED_FILTERS, UNSUPPORTED_PREDICATES } from './unsupported.js';

/** Makes one predicate or filter out of what was written. */
export class ComponentCompiler {
  constructor(
    private readonly catalogue: ComponentCatalogue,
    private readonly clock: Clock,
  ) {}

  predicate(
    definition: Json,
    pointer: string,
    context: Omit<CompileContext, 'clock'>,
    problems: Problem[],
    warnings: Problem[] = [],
  ): RoutePredicate | undefined {
    const written = readNotation('predicate', definition, pointer, problems);
    if (!written) return undefined;
    const factory = this.catalogue.predicate(written.name);
    if (!factory) return unknown('predicate', written, this.catalogue, UNSUPPORTED_PREDICATES, problems);
    return compile(factory, written, { clock: this.clock, ...context }, problems, warnings);
  }

  filter(
    definition: Json,
    pointer: string,
    context: Omit<CompileContext, 'clock'>,
    problems: Problem[],
    warnings: Problem[] = [],
  ): GatewayFilter | undefined {
    const written = readNotation('filter', definition, pointer, problems);
    if (!written) return undefined;
    const factory = this.catalogue.filter(written.name);
    if (!factory) return unknown('filter', written, this.catalogue, UNSUPPORTED_FILTERS, problems);
    return compile(factory, written, { clock: this.clock, ...context }, problems, warnings);
  }
}

type Factory<Compiled> = Pick<PredicateFactory & FilterFactory, 'name' | 'args' | 'shortcut'> & {
  compile(args: object, context: CompileContext): Compiled;
};

function compile<Compiled>(
  factory: Factory<Compiled>,
  written: WrittenComponent,
  context: CompileContext,
  problems: Problem[],
  warnings: Problem[],
): Compiled | undefined {
  const bound = bindArguments(factory.args, factory.shortcut, written, problems);
  if (!bound) return undefined;
  try {
    const warn = (argument: string | undefined, message: string): void => {
      const pointer = bound.pointerOf(argument);
      warnings.push({ pointer, code: 'questionable-argument', message: `${written.name}: ${message}` });
    };
    return factory.compile(bound.args, { warn, ...context });
  } catch (error) {
    const isRefusal = error instanceof ComponentError;
    problems.push({
      pointer: bound.pointerOf(isRefusal ? error.argument : undefined),
      code: isRefusal ? error.code : 'invalid-argument',
      message: `${written.name}: ${(error as Error).message}`,
    });
    return undefined;
  }
}

function unknown(
  kind: ComponentKind,
  { name, namePointer }: WrittenComponent,
  catalogue: ComponentCatalogue,
  unsupported: Readonly<Record<string, string>>,
  problems: Problem[],
): undefined {
  if (catalogue.isDisabled(kind, name)) {
    const message = `there is no ${kind} "${name}": tigateway.disabled.${kind}s switches it off`;
    problems.push({ pointer: namePointer, code: `unknown-${kind}`, message });
    return;
  }
  if (Object.hasOwn(unsupported, name)) {
    problems.push({ pointer: namePointer, code: 'unsupported', message: unsupported[name] as string });
    return;
  }
  const near = nearNames(
    name,
    catalogue[`${kind}s`].map((factory) => factory.name),
  );
  const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '';
  problems.push({ pointer: namePointer, code: `unknown-${kind}`, message: `there is no ${kind} "${name}"${hint}` });
}
