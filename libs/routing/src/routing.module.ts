import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { CompileEnvironment } from './compiler/compile-environment.js';
import { ComponentCatalogue, type DisabledNames } from './compiler/component-catalogue.js';
import { RouteCompiler } from './compiler/route-compiler.js';
import { SnapshotCompiler } from './compiler/snapshot-compiler.js';
import { FILTERS } from './filters/catalogue.js';
import type { FilterFactory } from './filters/filter-factory.js';
import { FilterManager } from './filter-manager.js';
import { GlobalConfigurationManager } from './global-configuration-manager.js';
import { PREDICATES } from './predicates/catalogue.js';
import type { PredicateFactory } from './predicates/predicate-factory.js';
import { RouteManager } from './route-manager.js';
import { TrafficMeter } from './traffic/traffic-meter.js';

/** Every predicate that a route may name: `readonly PredicateFactory[]`. */
export const PREDICATE_FACTORIES = Symbol('PREDICATE_FACTORIES');
/** Every filter that a route may name: `readonly FilterFactory[]`. */
export const FILTER_FACTORIES = Symbol('FILTER_FACTORIES');

export interface RoutingOptions {
  /** Predicates beside the gateway's own: classes that Nest can construct. */
  readonly predicates?: readonly Type<PredicateFactory>[];
  readonly filters?: readonly Type<FilterFactory>[];
  /** Injection tokens of further filters that are made already, each of a `readonly FilterFactory[]`. */
  readonly made?: readonly symbol[];
  /** Those among all of them that no route may name. */
  readonly disabled?: DisabledNames;
  /** Modules that export what those classes, the `Clock` and the `CompileEnvironment` need. */
  readonly imports?: DynamicModule['imports'];
  readonly providers?: readonly Provider[];
}

/** Needs a `Clock` and a `CompileEnvironment`, from a global module or from `imports` or `providers`. */
@Module({})
export class RoutingModule {
  static forRoot({
    predicates = [],
    filters = [],
    made = [],
    disabled = { predicates: [], filters: [] },
    imports = [],
    providers = [],
  }: RoutingOptions = {}): DynamicModule {
    const allPredicates = [...PREDICATES, ...predicates];
    const allFilters = [...FILTERS, ...filters];
    return {
      module: RoutingModule,
      global: true,
      imports,
      providers: [
        ...providers,
        ...allPredicates,
        ...allFilters,
        collected(PREDICATE_FACTORIES, allPredicates),
        collected(FILTER_FACTORIES, [...FILTERS, ...made, ...filters]),
        {
          provide: ComponentCatalogue,
          inject: [PREDICATE_FACTORIES, FILTER_FACTORIES],
          useFactory: (known: readonly PredicateFactory[], more: readonly FilterFactory[]) =>
            new ComponentCatalogue(known, more, disabled),
        },
        provide(RouteCompiler, [ComponentCatalogue, Clock, CompileEnvironment]),
        provide(SnapshotCompiler, [RouteCompiler]),
        { provide: RouteManager, useFactory: () => new RouteManager() },
        provide(TrafficMeter, [Clock]),
        provide(FilterManager, [RouteManager, ComponentCatalogue]),
        provide(GlobalConfigurationManager, [RouteManager]),
      ],
      exports: [
        PREDICATE_FACTORIES,
        FILTER_FACTORIES,
        ComponentCatalogue,
        RouteCompiler,
        SnapshotCompiler,
        RouteManager,
        TrafficMeter,
        FilterManager,
        GlobalConfigurationManager,
      ],
    };
  }
}

/** What `tokens` stand for: a factory, or a list of them. */
function collected(token: symbol, tokens: readonly Token[]): Provider {
  return { provide: token, inject: [...tokens], useFactory: (...factories: unknown[]) => factories.flat() };
}

type Token = symbol | Type | (abstract new () => object);

/** These classes are plain, so that workers and tests make them without Nest. */
function provide<Args extends never[]>(type: new (...args: Args) => object, inject: readonly Token[]): Provider {
  return { provide: type, inject: [...inject], useFactory: (...args: Args) => new type(...args) };
}
