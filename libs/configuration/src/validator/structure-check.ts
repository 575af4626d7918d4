import { idProblem, type Json, type ParsedObject, pointerTo, type Problem } from '@tigateway/model';
import { MAX_DEPTH, REFUSED_KEYS } from '../parser/document-tree.js';

/** The syntax step: what the parser asks of documents holds for JSON that comes through the API, too. */
export function checkStructure({ configId, configuration, pointer }: ParsedObject, problems: Problem[]): void {
  const wrong = idProblem(configId);
  if (wrong !== undefined) problems.push({ pointer: pointerTo(pointer, 'id'), code: 'invalid-id', message: wrong });
  checkValue(configuration, pointer, 1, problems);
}

function checkValue(value: Json, pointer: string, depth: number, problems: Problem[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) {
    const message = `objects and arrays may stand in each other at most ${MAX_DEPTH} deep`;
    problems.push({ pointer, code: 'too-deep', message });
    return;
  }
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, Json>)[key] as Json;
    if (REFUSED_KEYS.has(key)) {
      const message = `"${key}" is not allowed as a key`;
      problems.push({ pointer: pointerTo(pointer, key), code: 'forbidden-key', message });
    }
    if (typeof member === 'object' && member !== null) checkValue(member, pointerTo(pointer, key), depth + 1, problems);
  }
}
