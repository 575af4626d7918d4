import { createHash } from 'node:crypto';
import {
  canonicalJson,
  emptyRecord,
  idProblem,
  isJsonObject,
  keyText,
  pointerTo,
  relaxedName,
  type Json,
  type JsonObject,
  type ParsedObject,
  type Position,
  type Problem,
  type SourceDocument,
  type SourceName,
} from '@tigateway/model';
import { EXPECTED_KEYS, isSpringKey, readBareLayout } from './bare-layout.js';
import { type DisabledComponent, usesOfDisabled } from './disabled-components.js';
import type { DocumentTree } from './document-tree.js';
import { isOperatorOwned } from './global-settings.js';
import { readJson } from './json-reader.js';
import type { Findings, Found, Remark } from './layout.js';
import { Locator } from './locator.js';
import type { ParsedDocument } from './parsed-document.js';
import { type Environment, Placeholders } from './placeholders.js';
import { readSpringLayout } from './spring-layout.js';
import { TextLines } from './text-lines.js';
import { readYaml } from './yaml-reader.js';

export type TextDocument = SourceDocument & { readonly kind: 'text' };

/**
 * Turns a document into configurations with their places. Pure: the same text and environment give the same answer. Checks what
 * belongs to the document (syntax, layout, ids), never what a configuration says; reports every problem, not the first.
 */
export class ConfigurationParser {
  parse(source: SourceName, document: SourceDocument, environment: Environment): ParsedDocument {
    const parsed = this.read(source, document, environment);
    return parsed.problems.length === 0 ? parsed : { ...parsed, objects: [] };
  }

  /** As `parse`, for whoever wants to know everything that is wrong: with problems, what could be read is there all the same. */
  read(source: SourceName, document: SourceDocument, environment: Environment): ParsedDocument {
    if (document.kind === 'objects') {
      const { objects, problems = [] } = document;
      return { objects, problems, warnings: [] };
    }
    return new Parsing(source, document, environment).run();
  }
}

class Parsing {
  private readonly lines: TextLines;
  private readonly locator: Locator;
  private readonly problems: Problem[] = [];
  private readonly warnings: Problem[] = [];
  private readonly objects: ParsedObject[] = [];
  private readonly byKey = new Map<string, ParsedObject>();
  private foreign: readonly Problem[] | undefined;
  private readonly derivedIds = new Map<string, number>();

  constructor(
    private readonly source: SourceName,
    private readonly document: TextDocument,
    private readonly environment: Environment,
  ) {
    this.lines = new TextLines(document.text);
    this.locator = new Locator(document.text);
  }

  run(): ParsedDocument {
    const { trees, problems } =
      this.document.format === 'json' ? readJson(this.document.text) : readYaml(this.document.text);
    for (const { offset, ...problem } of problems) this.problems.push({ ...problem, position: this.position(offset) });
    if (this.problems.length === 0) this.readLayouts(trees);
    return {
      objects: this.objects,
      problems: this.problems,
      warnings: this.warnings,
      ...(this.foreign && { foreign: this.foreign }),
    };
  }

  private readLayouts(trees: readonly DocumentTree[]): void {
    const roots = trees.map(({ root }) => root);
    const placeholders = this.document.placeholders === true ? new Placeholders(this.environment, roots) : undefined;
    const isSpring = roots.some((root) => isJsonObject(root) && Object.keys(root).some(isSpringKey));
    const disabled: DisabledComponent[] = [];
    const resolve = (value: Json): Json => (placeholders ? placeholders.resolve(value) : value);
    const foreign: { name: string; pointer: string; tree: DocumentTree }[] = [];
    for (const tree of trees) {
      if (tree.root === null) continue;
      const findings: Findings = {
        offsets: tree.offsets,
        found: [],
        problems: [],
        warnings: [],
        foreign: [],
        disabled,
        resolve,
      };
      if (isJsonObject(tree.root)) {
        readBareLayout(tree.root, findings);
        if (isSpring) readSpringLayout(tree.root, findings);
      } else
        findings.problems.push({
          pointer: '',
          code: 'wrong-type',
          message: `a document is an object: ${EXPECTED_KEYS}`,
        });
      this.problems.push(...findings.problems.map((remark) => this.placed(remark, tree)));
      this.warnings.push(...findings.warnings.map((remark) => this.placed(remark, tree)));
      foreign.push(...findings.foreign.map((each) => ({ ...each, tree })));
      for (const found of findings.found) this.take(found, tree, placeholders);
    }
    if (disabled.length > 0) this.reportDisabled(disabled);
    this.reportForeign(foreign, isSpring);
  }

  /** Beside a Spring root other keys are another program's business; without one they are a mistake. */
  private reportForeign(
    foreign: readonly { name: string; pointer: string; tree: DocumentTree }[],
    isSpring: boolean,
  ): void {
    if (isSpring) {
      this.foreign = foreign.map(({ name, pointer, tree }) => {
        const message = `"${name}" is another program's`;
        return this.placed({ pointer, code: 'foreign-keys', message }, tree);
      });
    }
    const [first] = foreign;
    if (!first) return;
    if (isSpring) {
      const names = foreign.map(({ name }) => name).join(', ');
      const remark = { pointer: first.pointer, code: 'foreign-keys', message: `not read by the gateway: ${names}` };
      this.warnings.push(this.placed(remark, first.tree));
      return;
    }
    for (const { name, pointer, tree } of foreign) {
      const message = `unknown key "${name}"; ${EXPECTED_KEYS}`;
      this.problems.push(this.placed({ pointer, code: 'unknown-property', message }, tree));
    }
  }

  private reportDisabled(disabled: readonly DisabledComponent[]): void {
    for (const object of this.objects) {
      for (const { pointer, code, message } of usesOfDisabled(object, disabled)) {
        const place = this.locator.locate(pointer, object.position.line);
        this.problems.push({ pointer, code, message, position: { ...object.position, ...place } });
      }
    }
  }

  private take(found: Found, tree: DocumentTree, placeholders: Placeholders | undefined): void {
    const { configType, pointer } = found;
    const isDeferred =
      this.document.placeholders !== false && configType === 'global' && isOperatorOwned(found.configId ?? '');
    const configuration = placeholders && !isDeferred ? placeholders.resolve(found.configuration) : found.configuration;
    const named =
      configType === 'global' ? { configId: found.configId ?? '', configuration } : this.named(found, configuration);
    const wrong = idProblem(named.configId);
    if (wrong !== undefined) {
      const at = found.configId === undefined ? pointerTo(pointer, 'id') : pointer;
      this.problems.push(this.placed({ pointer: at, code: 'invalid-id', message: wrong }, tree));
      return;
    }
    const object: ParsedObject = {
      configType,
      ...named,
      pointer,
      position: this.placeOf(found, tree),
      ...(isDeferred ? { deferredPlaceholders: true } : {}),
    };
    const key = keyText(object);
    const first = this.byKey.get(key);
    if (first) this.reportDouble(object, first);
    else this.byKey.set(key, object);
    this.objects.push(object);
  }

  /** The id of a route or filter: its own, that of the key it stands under, or (a route in a file) one made from its content. */
  private named(found: Found, configuration: Json): { configId: string; configuration: Json } {
    const definition = configuration as JsonObject;
    const key = Object.keys(definition).find((each) => each === 'id' || relaxedName(each) === 'id');
    const own = key === undefined ? null : (definition[key] ?? null);
    if (own === null || key === undefined) {
      const configId = found.configId ?? (found.configType === 'route' ? this.derivedId(found.configuration) : '');
      return { configId, configuration: withId(configId, definition, key) };
    }
    const configId = typeof own === 'object' ? '' : String(own);
    if (found.configId !== undefined && configId !== found.configId) {
      const message = `the id "${configId}" differs from the key "${found.configId}" that it stands under`;
      this.problems.push({
        pointer: pointerTo(found.pointer, key),
        code: 'invalid-id',
        message,
        position: this.at(found),
      });
    }
    return {
      configId,
      configuration: key === 'id' && own === configId ? definition : withId(configId, definition, key),
    };
  }

  /** Stable over restarts and edits elsewhere; equal routes of one document are told apart by their order. */
  private derivedId(configuration: Json): string {
    const digest = createHash('sha256').update(canonicalJson(configuration)).digest('hex').slice(0, 12);
    const count = (this.derivedIds.get(digest) ?? 0) + 1;
    this.derivedIds.set(digest, count);
    return count === 1 ? `route-${digest}` : `route-${digest}-${count}`;
  }

  private reportDouble({ configType, configId, pointer, position }: ParsedObject, first: ParsedObject): void {
    const message = `the ${configType} "${configId}" is defined twice; the first stands at ${first.position.line}:${first.position.column}`;
    this.problems.push({ pointer, code: 'duplicate-id', message, position });
  }

  private placed({ offset, ...remark }: Remark, tree: DocumentTree): Problem {
    return { ...remark, position: offset === undefined ? this.located(remark.pointer, tree) : this.position(offset) };
  }

  private placeOf({ offset, pointer }: Found, tree: DocumentTree): Position {
    return offset === undefined ? this.located(pointer, tree) : this.position(offset);
  }

  private at({ offset }: Found): Position {
    return this.position(offset ?? 0);
  }

  private located(pointer: string, { root, offsets }: DocumentTree): Position {
    const start = typeof root === 'object' && root !== null ? offsets.of(root) : undefined;
    const nearLine = start === undefined ? undefined : this.lines.at(start).line;
    return { source: this.source, document: this.document.name, ...this.locator.locate(pointer, nearLine) };
  }

  private position(offset: number): Position {
    return { source: this.source, document: this.document.name, ...this.lines.at(offset) };
  }
}

function withId(id: string, definition: JsonObject, idKey: string | undefined): JsonObject {
  const { [idKey ?? 'id']: _, ...rest } = definition;
  return Object.assign(emptyRecord(), { id }, rest);
}
