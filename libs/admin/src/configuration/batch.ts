import {
  bind,
  Choice,
  AnyJson,
  CONFIG_TYPES,
  type ConfigType,
  ConfigurationValidationError,
  forEachSliced,
  isJsonObject,
  type Json,
  keyText,
  ListOf,
  pointerTo,
  type Problem,
  Text,
} from '@tigateway/model';
import type { WriteRequest } from '@tigateway/configuration';
import { keyOf } from './path-key.js';

class BatchChange {
  @Choice(['upsert', 'delete']) op!: 'upsert' | 'delete';
  @Choice(CONFIG_TYPES, { key: 'configType' }) configType!: ConfigType;
  @Text({ key: 'configId' }) configId!: string;
  @AnyJson({ optional: true }) configuration?: Json;
  /** The version that must be in force, without quotes; `*`: any. */
  @Text({ key: 'ifMatch', optional: true }) ifMatch?: string;
}

/** The changes are bound one by one: there may be thousands. */
class BatchBody {
  @ListOf({ kind: 'json' }, { splitsCommas: false }) changes!: Json[];
}

/** Reads the body of a batch; every problem in it is found. @throws ConfigurationValidationError */
export async function batchOf(body: Json): Promise<WriteRequest[]> {
  if (isJsonObject(body) && body.changes !== undefined && !Array.isArray(body.changes)) {
    throw new ConfigurationValidationError([
      { pointer: '/changes', code: 'wrong-type', message: 'expected an array of changes' },
    ]);
  }
  const bound = bind(BatchBody, body);
  if (!bound.value) throw new ConfigurationValidationError(bound.problems);
  const problems: Problem[] = [];
  const places = new Map<string, number>();
  const wishes: WriteRequest[] = [];
  let index = -1;
  await forEachSliced(bound.value.changes, (written) => {
    const pointer = pointerTo('/changes', ++index);
    const { value: change, problems: wrong } = bind(BatchChange, written, pointer);
    if (!change) {
      problems.push(...wrong);
      return;
    }
    problems.push(...problemsOf(change, pointer));
    const text = keyText(change);
    const earlier = places.get(text);
    if (earlier !== undefined) {
      const message = `${text} is changed by /changes/${earlier} already`;
      problems.push({ pointer: `${pointer}/configId`, code: 'duplicate-id', message });
    }
    places.set(text, index);
    wishes.push(wishOf(change, pointer));
  });
  if (problems.length > 0) throw new ConfigurationValidationError(problems);
  return wishes;
}

function problemsOf({ op, configType, configId, configuration }: BatchChange, pointer: string): readonly Problem[] {
  const problems: Problem[] = [];
  try {
    keyOf(configType, configId, `${pointer}/configId`);
  } catch (error) {
    if (!(error instanceof ConfigurationValidationError)) throw error;
    problems.push(...error.problems);
  }
  const at = `${pointer}/configuration`;
  if (op === 'delete') {
    if (configuration !== undefined && configuration !== null) {
      problems.push({ pointer: at, code: 'unknown-property', message: 'a deletion has no "configuration"' });
    }
  } else if (configuration === undefined || configuration === null) {
    problems.push({ pointer: at, code: 'required', message: '"configuration" is required' });
  } else if (configType !== 'global') {
    const id = isJsonObject(configuration) ? configuration.id : undefined;
    if (!isJsonObject(configuration)) {
      problems.push({ pointer: at, code: 'wrong-type', message: 'expected a definition, an object' });
    } else if (id !== undefined && id !== configId) {
      problems.push({
        pointer: `${at}/id`,
        code: 'id-mismatch',
        message: `expected the "configId" of the change, "${configId}"`,
      });
    }
  }
  return problems;
}

function wishOf({ op, configType, configId, configuration, ifMatch }: BatchChange, pointer: string): WriteRequest {
  const common = {
    op,
    configType,
    configId,
    ...(ifMatch !== undefined && { ifMatch: ifMatch.replace(/^"(.*)"$/, '$1') }),
  };
  if (op === 'delete') return { ...common, pointer };
  return {
    ...common,
    pointer: `${pointer}/configuration`,
    configuration:
      configType !== 'global' && isJsonObject(configuration) && configuration.id === undefined
        ? Object.assign(Object.create(null) as Record<string, Json>, { id: configId }, configuration)
        : configuration,
  };
}
