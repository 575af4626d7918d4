import type { DynamicModule, Provider, Type } from '@nestjs/common';
import { StartupError } from '@tigateway/model';
import { FactoryError, type FilterFactory, type PredicateFactory } from '@tigateway/routing';
import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Bootstrap } from '../bootstrap/bootstrap-file.js';

const LISTS = ['predicates', 'filters', 'providers', 'imports'] as const;

/** What a module of `tigateway.extensions` may export. */
interface Exported {
  readonly predicates: readonly Type<PredicateFactory>[];
  readonly filters: readonly Type<FilterFactory>[];
  readonly providers: readonly Provider[];
  readonly imports: NonNullable<DynamicModule['imports']>;
}

/** A module that the bootstrap file names. */
export interface ExtensionFile {
  readonly file: string;
  /** `file:line:column` of its name. */
  readonly position: string;
}

/** Predicates and filters from outside, with what they inject. */
export class Extensions implements Exported {
  readonly predicates: Type<PredicateFactory>[] = [];
  readonly filters: Type<FilterFactory>[] = [];
  readonly providers: Provider[] = [];
  readonly imports: NonNullable<DynamicModule['imports']> = [];
  /** Where the bootstrap file names the module that a class comes from. */
  private readonly origins = new Map<Type, string>();

  /** @throws StartupError naming the place in the bootstrap file, the module, and what was expected of it */
  static async load(files: readonly ExtensionFile[]): Promise<Extensions> {
    const extensions = new Extensions();
    if (files.length > 0) shareModules();
    for (const { file, position } of files) extensions.add(await exportedBy(file, position));
    return extensions;
  }

  /** What went wrong while the application was put together, with the extension that is to blame, where one is. */
  explain(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    for (const [type, place] of this.origins) {
      const isIts =
        error instanceof FactoryError
          ? error.factory.constructor === type
          : new RegExp(`\\b${type.name}\\b`).test(error.message);
      if (isIts) return new StartupError(`${place}: ${type.name}: ${error.message}`, { cause: error });
    }
    return error;
  }

  private add({ predicates, filters, providers, imports, place }: Exported & { place: string }): void {
    this.predicates.push(...predicates);
    this.filters.push(...filters);
    this.providers.push(...providers);
    this.imports.push(...imports);
    for (const type of [...predicates, ...filters]) this.origins.set(type, place);
  }
}

export function extensionFiles({ settings, positionOf }: Bootstrap): ExtensionFile[] {
  return settings.tigateway.extensions.map((file, index) => ({
    file,
    position: positionOf(`/tigateway/extensions/${index}`),
  }));
}

function shareModules(): void {
  register('./extension-imports.js', {
    parentURL: import.meta.url,
    data: new URL('./extension-api.js', import.meta.url).href,
  });
}

async function exportedBy(file: string, position: string): Promise<Exported & { place: string }> {
  const place = `${position}: ${file}`;
  if (!existsSync(file)) throw new StartupError(`${place}: there is no such file; expected an ES module`);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new StartupError(`${place}: cannot be loaded as an ES module: ${(error as Error).message}`, { cause: error });
  }
  const exported = Object.fromEntries(LISTS.map((name) => [name, module[name] ?? []]));
  for (const name of LISTS) {
    if (!Array.isArray(exported[name]))
      throw new StartupError(`${place}: expected the export "${name}" to be an array`);
  }
  for (const name of ['predicates', 'filters'] as const) {
    for (const [index, each] of (exported[name] as readonly unknown[]).entries()) {
      if (isFactoryClass(each)) continue;
      throw new StartupError(`${place}: expected "${name}" to hold classes with a method "compile"; ${index} is none`);
    }
  }
  const { predicates, filters } = exported as unknown as Exported;
  if (predicates.length + filters.length === 0) {
    const found = Object.keys(module).join(', ') || 'nothing';
    throw new StartupError(
      `${place}: expected an export "predicates" or "filters", an array of classes; found ${found}`,
    );
  }
  return { ...(exported as unknown as Exported), place };
}

function isFactoryClass(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  const { prototype } = value as { prototype?: { compile?: unknown } };
  return typeof prototype?.compile === 'function';
}
