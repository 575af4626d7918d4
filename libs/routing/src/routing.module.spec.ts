import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Clock, SystemClock } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { CompileEnvironment } from './compiler/compile-environment.js';
import type { CompileContext, Shortcut } from './compiler/component.js';
import { ComponentCatalogue } from './compiler/component-catalogue.js';
import { RouteCompiler } from './compiler/route-compiler.js';
import { SnapshotCompiler } from './compiler/snapshot-compiler.js';
import { FilterManager } from './filter-manager.js';
import type { FilterFactory, GatewayFilter } from './filters/filter-factory.js';
import { GlobalConfigurationManager } from './global-configuration-manager.js';
import type { PredicateFactory, RoutePredicate } from './predicates/predicate-factory.js';
import { RouteManager } from './route-manager.js';
import { RoutingModule } from './routing.module.js';

class NoArgs {}

@Injectable()
class Greeting {
  readonly text = 'hello';
}

@Injectable()
class GreetFilter implements FilterFactory {
  readonly name = 'Greet';
  readonly args = NoArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: [] };
  readonly about = 'Greets.';
  readonly example = 'Greet';

  constructor(private readonly greeting: Greeting) {}

  compile(_args: NoArgs, context: CompileContext): GatewayFilter {
    return { toString: () => `[Greet ${this.greeting.text} ${context.routeId} ${context.position}]` };
  }
}

@Injectable()
class AlwaysPredicate implements PredicateFactory {
  readonly name = 'Always';
  readonly args = NoArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: [] };
  readonly about = 'Always holds.';
  readonly example = 'Always=';

  compile(): RoutePredicate {
    return { matches: () => true, toString: () => 'Always' };
  }
}

@Module({ providers: [Greeting], exports: [Greeting] })
class GreetingModule {}

describe('RoutingModule', () => {
  it("takes a program's own predicates and filters, with what they inject", async () => {
    const module = await Test.createTestingModule({
      imports: [
        RoutingModule.forRoot({
          predicates: [AlwaysPredicate],
          filters: [GreetFilter],
          imports: [GreetingModule],
          providers: [
            { provide: Clock, useClass: SystemClock },
            { provide: CompileEnvironment, useValue: { ownListeners: [] } },
          ],
        }),
      ],
    }).compile();
    expect(module.get(ComponentCatalogue).filter('Greet')).toBeInstanceOf(GreetFilter);

    const routes = module.get(RouteManager);
    const swaps: (readonly string[])[] = [];
    const end = routes.onSwap((_previous, _next, changed) => swaps.push(changed));
    const definition = { id: 'r', uri: 'no://op', predicates: ['Always='], filters: ['Greet'] };
    expect(module.get(RouteCompiler).compileRoute(definition).problems).toEqual([]);
    const next = {
      configuration: definition,
      hash: 'h',
      source: 'api',
      position: { source: 'api', document: 'r', line: 0, column: 0 },
      rank: [0, 'r', 0] as const,
    };
    const change = { configType: 'route', configId: 'r', op: 'upsert', next } as const;
    routes.swap(await module.get(SnapshotCompiler).compile(routes.current, { changes: [change] }));
    expect(swaps).toEqual([['r']]);
    expect((await routes.routes()).map(({ id }) => id)).toEqual(['r']);
    expect(module.get(FilterManager).combinedFilters('r')).toEqual(['[[Greet hello r filters/0], order = 1]']);
    expect(module.get(FilterManager).combinedFilters('x')).toBeUndefined();
    expect(module.get(GlobalConfigurationManager).current.httpclient.connectTimeoutMs).toBe(30_000);

    end();
    routes.swap(routes.current);
    expect(swaps).toHaveLength(1);
    await module.close();
  });
});
