import {
  ConfigurationConflictError,
  type ConfigurationKey,
  ConfigurationNotFoundError,
  ConfigurationPreconditionError,
  ConfigurationValidationError,
  type ConfigurationVersion,
  forEachSliced,
  hashOf,
  idProblem,
  isJsonObject,
  isSecretName,
  type Json,
  keyText,
  MASK,
  type ParsedObject,
  pointerTo,
  type Problem,
  type SourceName,
  toRecords,
  unmaskSecrets,
} from '@tigateway/model';
import type { StoredApiObject } from '../history/configuration-store.js';
import { versionMs } from '../history/version-name.js';
import type { VersionClock } from '../history/version-clock.js';
import type { ConfigurationMerger } from '../merger/configuration-merger.js';
import type { AcceptedDocument } from '../merger/desired-state.js';
import { planChanges } from '../planner/configuration-planner.js';
import type { ConfigurationValidator } from '../validator/configuration-validator.js';
import type { WriteOutcome, WriteRequest } from './configuration-api.js';
import type { PipelineState, Staged } from './pipeline-state.js';
import { type Cause, StageChanges } from './stage-changes.js';
import { type UpdatePolicySettings, validationSteps } from './update-policy.settings.js';

/** The name of the source that API writes belong to. */
export const API = 'api';

export interface WriteTools {
  readonly validator: ConfigurationValidator;
  readonly merger: ConfigurationMerger;
  readonly versionClock: VersionClock;
  readonly policy: UpdatePolicySettings;
}

/** What a write that goes in step by step has done already, by key text. */
export type DoneAlready = ReadonlyMap<string, ConfigurationVersion>;
const NOTHING_DONE: DoneAlready = new Map();

/** What is asked of the version in force. */
type Precondition = ConfigurationKey & Pick<WriteRequest, 'ifMatch' | 'ifNoneMatch'>;

/** A write that is sound. */
interface CheckedWrite {
  readonly upserts: readonly ParsedObject[];
  readonly warnings: readonly Problem[];
}

export type AppliedWrite = Extract<WriteOutcome, { kind: 'applied' }>;

/**
 * Thinks an API write through: preconditions, validation, merge, plan, versions. Has no effect.
 * @throws ConfigurationValidationError with every problem, ConfigurationNotFoundError, ConfigurationConflictError,
 *   ConfigurationPreconditionError
 */
export async function stageWrite(
  state: PipelineState,
  requests: readonly WriteRequest[],
  cause: Cause,
  tools: WriteTools,
  done = NOTHING_DONE,
): Promise<Staged<AppliedWrite>> {
  const { upserts, warnings } = await checkWrite(state, requests, tools);
  const written = new Map(upserts.map((object) => [keyText(object), object]));
  let apiSequence = state.apiSequence;
  const put: AcceptedDocument[] = [];
  const putObjects = new Map<string, Omit<StoredApiObject, 'version'>>();
  const remove: string[] = [];
  const lifted: ConfigurationKey[] = [];
  await forEachSliced(requests, (request) => {
    const key = keyText(request);
    if (isBarred(state, key, written.get(key)?.configuration ?? null))
      lifted.push({ configType: request.configType, configId: request.configId });
    const known = state.api.get(key);
    const object = written.get(key);
    if (!object) {
      remove.push(key);
    } else if (known === undefined || hashOf(known.configuration) !== hashOf(object.configuration)) {
      const createdSequence = known?.createdSequence ?? ++apiSequence;
      const { configType, configId, configuration } = object;
      putObjects.set(key, { configType, configId, configuration, createdSequence });
      put.push(apiDocument(object, createdSequence));
    }
  });
  const merged = await tools.merger.merge(state.desired, { source: API, put, remove });
  const holds = state.holds.withMutations((map) => lifted.forEach((key) => map.delete(keyText(key))));
  // Where an update goes from process to process, what is written already may not be in force here.
  const asked = state.heldBack.isEmpty() ? [] : requests;
  const touched = new Set([...merged.touched, ...lifted.map(keyText), ...asked.map(keyText)]);
  const precedenceOf = (source: SourceName): number => tools.merger.precedenceOf(source);
  const plan = await planChanges(merged.state, state.running.configurations, holds, touched, precedenceOf);
  const staging = new StageChanges(state, tools.versionClock, cause);
  await staging.takeAll(plan.changes);

  const api = state.api.asMutable();
  const putApiObjects: StoredApiObject[] = [];
  const shadowedBy = new Map<string, SourceName>();
  const versions: ConfigurationVersion[] = [];
  await forEachSliced(requests, (request) => {
    const key = keyText(request);
    const object = putObjects.get(key);
    const winner = (staging.willRun(request) ?? state.running.configurations.get(key))?.source;
    const isUpsert = request.op === 'upsert';
    if (isUpsert && winner !== undefined && winner !== API) shadowedBy.set(key, winner);
    let made = staging.versionOf(request) ?? done.get(key);
    if (!made && (object || !isUpsert)) {
      const operation = !isUpsert ? 'delete' : state.api.has(key) ? 'update' : 'create';
      made = staging.mint(keyOf(request), object?.configuration ?? null, operation, API);
    }
    if (!isUpsert) {
      api.delete(key);
    } else if (object && made) {
      const stored = { ...object, version: made.version };
      api.set(key, stored);
      putApiObjects.push(stored);
    }
    versions.push(made ?? withoutEffect(state.api.get(key) as StoredApiObject, cause));
  });
  return staging.finish(
    plan,
    { desired: merged.state, api: api.asImmutable(), apiSequence, holds },
    {
      putApiObjects,
      removeApiObjects: requests.filter(({ op }) => op === 'delete').map(keyOf),
      removeHolds: lifted,
    },
    { kind: 'applied', versions, shadowedBy, warnings },
  );
}

/** A write of what a rollback keeps out is a person's decision: it ends the hold. */
function isBarred(state: PipelineState, key: string, configuration: Json): boolean {
  const hold = state.holds.get(key);
  return hold !== undefined && (hold.source === API || hold.barredHash === hashOf(configuration));
}

async function checkWrite(
  state: PipelineState,
  requests: readonly WriteRequest[],
  { validator, policy }: WriteTools,
): Promise<CheckedWrite> {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  await forEachSliced(requests, (request) => {
    const message = idProblem(request.configId);
    const pointer = pointerTo(request.pointer ?? '', 'id');
    if (message) problems.push({ pointer, code: 'invalid-id', message });
    if (seen.has(keyText(request))) {
      const twice = `${request.configType} "${request.configId}" is changed twice in one batch`;
      problems.push({ pointer: request.pointer ?? '', code: 'duplicate-id', message: twice });
    }
    seen.add(keyText(request));
  });
  if (problems.length > 0) throw new ConfigurationValidationError(problems);
  await forEachSliced(requests, (request) => checkPrecondition(state, request));
  const upserts: ParsedObject[] = [];
  const deleted = new Set<string>();
  await forEachSliced(requests, (request) => {
    if (request.op === 'delete') {
      deleted.add(keyText(request));
      return;
    }
    const object = apiObject(state, request);
    upserts.push(object);
    problems.push(...unknownSecrets(object.configuration, object.pointer));
  });
  if (problems.length > 0) throw new ConfigurationValidationError(problems);
  const verdict = await validator.validate(upserts, {
    steps: validationSteps(policy),
    surroundings: {
      exists: (key) => {
        const text = keyText(key);
        if (!deleted.has(text)) return state.desired.candidates.has(text) || state.running.configurations.has(text);
        return state.desired.candidates.get(text)?.some(({ source }) => source !== API) ?? false;
      },
    },
    missingDependency: 'error',
  });
  if (verdict.problems.length > 0) throw new ConfigurationValidationError(withoutPositions(verdict.problems));
  return { upserts, warnings: [...withoutPositions(verdict.warnings), ...orphaned(state, requests)] };
}

/** `***` means unchanged: where there is nothing to keep it would become the secret. */
function unknownSecrets(value: Json, pointer: string): Problem[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value as Record<string, Json>).flatMap(([name, member]) => {
    const at = pointerTo(pointer, name);
    if (!Array.isArray(value) && isSecretName(name) && member === MASK)
      return [{ pointer: at, code: 'unknown-secret', message: `"${MASK}" stands for a secret that is not known yet` }];
    return unknownSecrets(member, at);
  });
}

/** What was sent by the API has no line and column that a client could use. */
function withoutPositions(problems: readonly Problem[]): Problem[] {
  return problems.map(({ pointer, code, message }) => ({ pointer, code, message }));
}

/** @throws ConfigurationPreconditionError where the version in force is not the one that is asked for */
export function checkVersion(state: PipelineState, request: Precondition): void {
  const running = state.running.configurations.get(keyText(request));
  const { ifMatch, ifNoneMatch } = request;
  const isMet =
    (ifMatch === undefined || (ifMatch === '*' ? running !== undefined : running?.version === ifMatch)) &&
    !(ifNoneMatch && running !== undefined);
  if (!isMet) throw new ConfigurationPreconditionError(keyOf(request), running?.version);
}

function checkPrecondition(state: PipelineState, request: WriteRequest): void {
  checkVersion(state, request);
  const key = keyText(request);
  const running = state.running.configurations.get(key);
  if (request.op === 'upsert' || state.api.has(key)) return;
  if (running && isBarred(state, key, null)) return;
  const other = state.desired.candidates.get(key)?.[0] ?? running;
  if (other) throw new ConfigurationConflictError(keyOf(request), other.position);
  throw new ConfigurationNotFoundError(keyOf(request));
}

/** Deleting a route that a filter names is allowed; whoever does it should know. */
function orphaned(state: PipelineState, requests: readonly WriteRequest[]): Problem[] {
  const routes = requests.filter(({ op, configType }) => op === 'delete' && configType === 'route');
  if (routes.length === 0) return [];
  const warnings: Problem[] = [];
  for (const text of state.running.filters) {
    const configuration = state.running.configurations.get(text)?.configuration;
    if (!isJsonObject(configuration)) continue;
    const named = configuration['routes'];
    for (const { configId, pointer = '' } of routes) {
      if (!Array.isArray(named) || !named.includes(configId)) continue;
      const message = `the filter "${text.slice('filter:'.length)}" names the route "${configId}"`;
      warnings.push({ pointer, code: 'named-by-filter', message });
    }
  }
  return warnings;
}

function apiObject(state: PipelineState, request: WriteRequest): ParsedObject {
  const { configType, configId, configuration = null, pointer = '' } = request;
  const current =
    state.api.get(keyText(request))?.configuration ?? state.running.configurations.get(keyText(request))?.configuration;
  const position = { source: API, document: keyText(request), line: 0, column: 0 };
  return { configType, configId, configuration: toRecords(unmaskSecrets(configuration, current)), pointer, position };
}

/** API configurations are documents of their own; among themselves they are ordered by creation. */
export function apiDocument(object: ParsedObject, createdSequence: number): AcceptedDocument {
  const name = keyText(object);
  return {
    source: API,
    name,
    orderKey: String(createdSequence).padStart(12, '0'),
    objects: [{ ...object, pointer: '' }],
  };
}

/** The document of what the API has made before, here or through another process. */
export function storedApiDocument(stored: StoredApiObject): AcceptedDocument {
  const { configuration, createdSequence } = stored;
  const position = { source: API, document: keyText(stored), line: 0, column: 0 };
  return apiDocument({ ...keyOf(stored), configuration, pointer: '', position }, createdSequence);
}

function keyOf({ configType, configId }: ConfigurationKey): ConfigurationKey {
  return { configType, configId };
}

function withoutEffect(
  { configType, configId, configuration, version }: StoredApiObject,
  cause: Cause,
): ConfigurationVersion {
  return {
    configType,
    configId,
    configuration: configuration satisfies Json,
    version,
    hash: hashOf(configuration),
    timestamp: new Date(versionMs(version) as number).toISOString(),
    operation: 'update',
    source: API,
    actor: cause.actor,
  };
}
