import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { CompileEnvironment, type FilterFactory, type PredicateFactory, RouteManager } from '@tigateway/routing';
import { type ExtensionFile, Extensions } from '../extensions/extensions.js';

export interface ExtensionFactories {
  readonly predicates: readonly PredicateFactory[];
  readonly filters: readonly FilterFactory[];
  close(): Promise<void>;
}

export interface ExtensionSurroundings {
  readonly clock: Clock;
  readonly environment: CompileEnvironment;
  readonly routes: RouteManager;
}

/**
 * Predicates and filters from outside, made by Nest's container, since they may inject what they like; it is loaded where there
 * are any.
 * @throws StartupError naming the place in the bootstrap file, the module, and what was expected of it
 */
export async function extensionFactories(
  files: readonly ExtensionFile[],
  surroundings: ExtensionSurroundings,
): Promise<ExtensionFactories> {
  if (files.length === 0) return { predicates: [], filters: [], close: () => Promise.resolve() };
  const extensions = await Extensions.load(files);
  const { predicates, filters, providers, imports } = extensions;
  const { NestFactory } = await import('@nestjs/core');
  const module: DynamicModule = {
    module: WorkerExtensions,
    imports: [SurroundingsModule.of(surroundings), ...imports],
    providers: [...providers, ...predicates, ...filters],
  };
  const context = await NestFactory.createApplicationContext(module, { abortOnError: false }).catch(
    (error: unknown) => {
      throw extensions.explain(error);
    },
  );
  return {
    predicates: predicates.map((type) => context.get(type)),
    filters: filters.map((type) => context.get(type)),
    close: () => context.close(),
  };
}

@Module({})
class WorkerExtensions {}

@Global()
@Module({})
class SurroundingsModule {
  static of({ clock, environment, routes }: ExtensionSurroundings): DynamicModule {
    const providers = [
      { provide: Clock, useValue: clock },
      { provide: CompileEnvironment, useValue: environment },
      { provide: RouteManager, useValue: routes },
    ];
    return { module: SurroundingsModule, providers, exports: providers };
  }
}
