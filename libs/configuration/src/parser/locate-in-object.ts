import { type ParsedObject, pointerTokens, type Position } from '@tigateway/model';
import { Locator } from './locator.js';

/** More of a text is not read again to say where in an object something stands. */
const MAX_CHARACTERS = 16_384;

/**
 * Where a part of one object stands in its document's text, without reading the rest of the text: the object's lines are those
 * from its position on that are indented as much as it is.
 * @param inner JSON Pointer from the object to the part
 * @returns the object's own position where the part cannot be found (it is missing, or comes from an alias)
 */
export function locateInObject(text: string, object: ParsedObject, inner: string): Position {
  const { line, column } = object.position;
  if (line < 1) return object.position;
  const lines = linesOf(text, line, column);
  const locator = new Locator(lines);
  const tokens = pointerTokens(inner);
  const outer = pointerTokens(object.pointer);
  // The lines may be the object itself, or begin with its key, or with all keys that lead to it (`a.b.routes[0].id: x`).
  const candidates = [[], outer.slice(-1), outer].map((prefix) => {
    const { depth, offset } = locator.find([...prefix, ...tokens]);
    return { found: depth - prefix.length, offset };
  });
  const best = candidates.reduce((a, b) => (b.found > a.found ? b : a));
  if (best.found <= 0) return object.position;
  const before = lines.slice(0, best.offset).split('\n');
  return { ...object.position, line: line + before.length - 1, column: (before.at(-1) as string).length + 1 };
}

/** The text from a position on as far as it is indented to there; what stands before the position is made blank. */
function linesOf(text: string, line: number, column: number): string {
  let start = 0;
  for (let skipped = 1; skipped < line; skipped++) start = text.indexOf('\n', start) + 1;
  let end = text.indexOf('\n', start) + 1 || text.length;
  while (end < text.length && end - start < MAX_CHARACTERS) {
    const next = text.indexOf('\n', end) + 1 || text.length;
    const content = text.slice(end, next);
    const indent = content.search(/\S/);
    if (indent >= 0 && indent < column - 1) break;
    end = next;
  }
  return ' '.repeat(column - 1) + text.slice(start + column - 1, end);
}
