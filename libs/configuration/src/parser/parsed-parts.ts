import { type ConfigType, emptyRecord, isJsonObject, type Json, type ParsedObject } from '@tigateway/model';
import type { ParsedDocument } from './parsed-document.js';

/** Values in one part: about a millisecond's work to take over. */
const PART_VALUES = 2_000;
const PART_PROBLEMS = 200;

/** Cuts what a document says into parts that can be handed from thread to thread without holding either for long. */
export function* partsOf({ objects, problems, warnings, foreign }: ParsedDocument): Generator<ParsedDocument> {
  let part: ParsedObject[] = [];
  let values = 0;
  for (const object of objects) {
    part.push(object);
    values += valuesIn(object.configuration);
    if (values < PART_VALUES) continue;
    yield { objects: part, problems: [], warnings: [] };
    part = [];
    values = 0;
  }
  if (part.length > 0) yield { objects: part, problems: [], warnings: [] };
  for (let from = 0; from < Math.max(problems.length, warnings.length); from += PART_PROBLEMS) {
    const to = from + PART_PROBLEMS;
    yield { objects: [], problems: problems.slice(from, to), warnings: warnings.slice(from, to) };
  }
  if (foreign) yield { objects: [], problems: [], warnings: [], foreign };
}

function valuesIn(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 1;
  for (const member of Object.values(value as Record<string, Json>)) count += valuesIn(member);
  return count;
}

/** Beyond this many different texts it is not worth looking for repetitions. */
const MAX_SHARED_TEXTS = 20_000;
const MAX_SHARED_LENGTH = 64;

/**
 * Takes over what came through a message: objects are given back their missing prototype, and texts that routes repeat (`Path`,
 * `StripPrefix=1`, hosts) are kept once, as they are where they were read.
 */
export class PartAdoption {
  private readonly texts = new Map<string, string>();

  adopt(object: ParsedObject): ParsedObject {
    const { source, document } = object.position;
    const position = { ...object.position, source: this.shared(source), document: this.shared(document) };
    const configType = this.shared(object.configType) as ConfigType;
    return { ...object, configType, configuration: this.value(object.configuration), position };
  }

  private value(value: Json): Json {
    if (typeof value === 'string') return this.shared(value);
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => this.value(item));
    if (!isJsonObject(value)) return value;
    const record = emptyRecord();
    for (const key of Object.keys(value)) record[key] = this.value(value[key] as Json);
    return record;
  }

  private shared(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (text.length <= MAX_SHARED_LENGTH && this.texts.size < MAX_SHARED_TEXTS) this.texts.set(text, text);
    return text;
  }
}
