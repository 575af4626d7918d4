import { type Clock, type Json, type Problem } from '@tigateway/model';
import type { FilterFactory, GatewayFilter } from '../filters/filter-factory.js';
import type { PredicateFactory, RoutePredicate } from '../predicates/predicate-factory.js';
import { type CompileContext, ComponentError } from './component.js';
import { bindArguments } from './component-arguments.js';
import type { ComponentCatalogue } from './component-catalogue.js';
import { type ComponentKind, readNotation, type WrittenComponent } from './component-notation.js';
import { nearNames } from './near-names.js';
import { SharedByText } from './shared-by-text.js';
import { UNSUPPORTED_FILTERS, UNSUPPORTED_PREDICATES } from './unsupported.js';

/** Makes one predicate or filter out of what was written. Those that may be shared are made once for all equal shortcuts. */
export class ComponentCompiler {
  private readonly predicates: Components<RoutePredicate>;
  private readonly filters: Components<GatewayFilter>;

  constructor(
    private readonly catalogue: ComponentCatalogue,
    private readonly clock: Clock,
  ) {
    this.predicates = {
      kind: 'predicate',
      factoryOf: (name) => catalogue.predicate(name),
      unsupported: UNSUPPORTED_PREDICATES,
      shared: new SharedByText(),
    };
    this.filters = {
      kind: 'filter',
      factoryOf: (name) => catalogue.filter(name),
      unsupported: UNSUPPORTED_FILTERS,
      shared: new SharedByText(),
    };
  }

  predicate(
    definition: Json,
    pointer: string,
    context: Omit<CompileContext, 'clock'>,
    problems: Problem[],
    warnings: Problem[] = [],
  ): RoutePredicate | undefined {
    return this.component(this.predicates, definition, pointer, context, problems, warnings);
  }

  filter(
    definition: Json,
    pointer: string,
    context: Omit<CompileContext, 'clock'>,
    problems: Problem[],
    warnings: Problem[] = [],
  ): GatewayFilter | undefined {
    return this.component(this.filters, definition, pointer, context, problems, warnings);
  }

  private component<Compiled>(
    { kind, factoryOf, unsupported, shared }: Components<Compiled>,
    definition: Json,
    pointer: string,
    context: Omit<CompileContext, 'clock'>,
    problems: Problem[],
    warnings: Problem[],
  ): Compiled | undefined {
    const known = typeof definition === 'string' ? shared.get(definition) : undefined;
    if (known) return known;
    const written = readNotation(kind, definition, pointer, problems);
    if (!written) return undefined;
    const factory = factoryOf(written.name);
    if (!factory) return unknown(kind, written, this.catalogue, unsupported, problems);
    const warned = warnings.length;
    const compiled = compile(factory, written, { clock: this.clock, ...context }, problems, warnings);
    // What something is to be said about is said at each place where it stands.
    const isShared = factory.isShared === true && warnings.length === warned;
    if (compiled && isShared && typeof definition === 'string') shared.keep(definition, compiled);
    return compiled;
  }
}

interface Components<Compiled> {
  readonly kind: ComponentKind;
  readonly factoryOf: (name: string) => Factory<Compiled> | undefined;
  readonly unsupported: Readonly<Record<string, string>>;
  readonly shared: SharedByText<Compiled>;
}

type Factory<Compiled> = Pick<PredicateFactory & FilterFactory, 'name' | 'args' | 'shortcut' | 'isShared'> & {
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
