import { Inject, Injectable } from '@nestjs/common';
import {
  bindGlobal,
  type GlobalSettingsSchema,
  type Json,
  type ParsedObject,
  type Problem,
  TimeSlice,
} from '@tigateway/model';
import { type Compilation, type RouteBlueprint, RouteCompiler } from '@tigateway/routing';
import { migrationReport } from '../migration/migration-report.js';
import { isOperatorOwned } from '../parser/global-settings.js';
import { locateInObject } from '../parser/locate-in-object.js';
import type { ParsedDocument } from '../parser/parsed-document.js';
import { ENVIRONMENT, type Environment, Placeholders } from '../parser/placeholders.js';
import type { ValidationReport } from '../reloader/configuration-api.js';
import { DependencyCheck } from './dependency-check.js';
import { withoutSecretValues } from './deferred-values.js';
import { checkStructure } from './structure-check.js';
import type { ValidationContext, ValidationSteps } from './validation-context.js';
import type { Verdict } from './verdict.js';

/** The shapes of the globals that are known by their id: `readonly GlobalSettingsSchema[]`. */
export const GLOBAL_SETTINGS_SCHEMAS = Symbol('GLOBAL_SETTINGS_SCHEMAS');

const SOUND: Verdict = { problems: [], warnings: [] };

/** Problems of these kinds are the schema step's; what else the compiler finds is about meaning. */
const SCHEMA_CODES: ReadonlySet<string> = new Set([
  'constraint',
  'duplicate-argument',
  'invalid-shortcut',
  'required',
  'surplus-argument',
  'unknown-filter',
  'unknown-predicate',
  'unknown-property',
  'unsupported',
  'wrong-type',
]);

/** Says whether configurations are sound, with every problem and where it stands. Never changes anything. */
@Injectable()
export class ConfigurationValidator {
  private readonly schemas: ReadonlyMap<string, GlobalSettingsSchema>;

  constructor(
    private readonly compiler: RouteCompiler,
    @Inject(GLOBAL_SETTINGS_SCHEMAS) schemas: readonly GlobalSettingsSchema[],
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {
    this.schemas = new Map(schemas.map((schema) => [schema.configId, schema]));
  }

  /** @param pointer where the definition stands in what was sent */
  validateRoute(definition: Json, pointer = ''): Compilation<RouteBlueprint> {
    return this.compiler.compileRoute(definition, pointer);
  }

  validateFilter(definition: Json, pointer = ''): Verdict {
    return this.compiler.compileFilter(definition, pointer);
  }

  /** A global that nobody has declared a shape for is sound, whatever it says. */
  validateGlobalConfiguration(configId: string, configuration: Json, pointer = ''): Verdict {
    const compiled = this.compiler.compileGlobal(configId, configuration, pointer);
    if (compiled.result !== undefined || compiled.problems.length > 0) return compiled;
    const schema = this.schemas.get(configId);
    if (!schema) return SOUND;
    return { problems: bindGlobal(schema, configuration, pointer).problems, warnings: [] };
  }

  /** Checks objects that come in together. Gives the event loop away between them. */
  async validate(objects: readonly ParsedObject[], context: ValidationContext): Promise<Verdict> {
    const { steps, text } = context;
    const problems: Problem[] = [];
    const warnings: Problem[] = [];
    const routes: RouteBlueprint[] = [];
    const slice = new TimeSlice();
    for (const object of objects) {
      const verdict = this.verdictOn(object, steps, routes);
      for (const problem of verdict.problems) problems.push(placed(problem, object, text));
      for (const warning of verdict.warnings) warnings.push(placed(warning, object, text));
      if (slice.isUsedUp) await slice.breathe();
    }
    if (!steps.dependencies) return { problems, warnings };
    const dependencies = await DependencyCheck.of(objects, routes, context.surroundings);
    const missing = context.missingDependency === 'error' ? problems : warnings;
    for (const object of objects) {
      if (object.configType === 'filter') {
        for (const problem of dependencies.missingRoutes(object)) missing.push(placed(problem, object, text));
      } else if (object.configType === 'route') {
        for (const problem of dependencies.missingTargets(object)) warnings.push(placed(problem, object, text));
      }
      if (slice.isUsedUp) await slice.breathe();
    }
    return { problems, warnings };
  }

  /** Checks a whole document as the parser read it: what the parser found, then what its objects say. */
  async validateDocument(parsed: ParsedDocument, context: ValidationContext): Promise<ValidationReport> {
    const { problems, warnings } = await this.validate(parsed.objects, context);
    const errors = [...parsed.problems, ...problems];
    const report = { valid: errors.length === 0, errors, warnings: [...parsed.warnings, ...warnings] };
    const { foreign, objects } = parsed;
    if (!foreign || context.text === undefined) return report;
    return { ...report, migration: await migrationReport({ ...report, objects, foreign }, context.text) };
  }

  private verdictOn(object: ParsedObject, steps: ValidationSteps, routes: RouteBlueprint[]): Verdict {
    const structure: Problem[] = [];
    if (steps.syntax) checkStructure(object, structure);
    // What is nested beyond measure is not looked into.
    if (structure.some(({ code }) => code === 'too-deep')) return { problems: structure, warnings: [] };
    const { problems, warnings } = this.contentOf(object, routes);
    // Nothing would compile the operator's settings afterwards: a wrong one would be in force and have no effect.
    const isAlwaysChecked = object.configType === 'global' && isOperatorOwned(object.configId);
    const wanted = isAlwaysChecked
      ? problems
      : problems.filter(({ code }) => (SCHEMA_CODES.has(code) ? steps.schema : steps.semantics));
    return { problems: [...structure, ...wanted], warnings };
  }

  private contentOf(object: ParsedObject, routes: RouteBlueprint[]): Verdict {
    const { configType, configId, configuration, pointer } = object;
    if (configType === 'filter') return this.validateFilter(configuration, pointer);
    if (configType === 'route') {
      const compilation = this.validateRoute(configuration, pointer);
      if (compilation.result) routes.push(compilation.result);
      return compilation;
    }
    if (!object.deferredPlaceholders) return this.validateGlobalConfiguration(configId, configuration, pointer);
    const resolved = new Placeholders(this.environment).resolve(configuration);
    return withoutSecretValues(this.validateGlobalConfiguration(configId, resolved, pointer), object);
  }
}

function placed(problem: Problem, object: ParsedObject, text: string | undefined): Problem {
  const inner = problem.pointer.slice(object.pointer.length);
  const position = text === undefined ? object.position : locateInObject(text, object, inner);
  return { ...problem, position };
}
