import { contentDiff, type EventRecord, isJsonObject, type Json, type JsonObject } from '@tigateway/model';

/** The JSON Patch (RFC 6902) of what an event changed; secrets are masked in it, as in the event. */
export function patchOf(event: EventRecord): JsonObject[] {
  if (event.type === 'configuration_rejected') return [];
  if (event.type === 'configuration_delete') return contentDiff(event.previous, null);
  return contentDiff(event.previous ?? null, event.configuration);
}

/** The longest text of one value, in characters: a line is to be read, the whole is in the history. */
const MAX_VALUE_LENGTH = 200;

const SIGNS: Readonly<Record<string, string>> = { add: '+', remove: '-', replace: '~' };

/** The same for people, a line a change; for a refused document, its errors. */
export function changeLines(event: EventRecord): string[] {
  if (event.type === 'configuration_rejected') {
    return event.errors.map(({ pointer, message }) => shortened(pointer ? `${pointer}: ${message}` : message));
  }
  const patch = patchOf(event);
  if (patch.length === 0) return ['(only what is secret)'];
  return patch.flatMap(({ op, path, value }) => {
    if (path !== '') return [line(SIGNS[op as string] ?? '~', path as string, value)];
    if (!isJsonObject(value)) return [value === null ? '- the whole configuration' : line('~', '/', value)];
    return Object.entries(value).map(([name, member]) => line('+', `/${name}`, member));
  });
}

function line(sign: string, path: string, value: Json | undefined): string {
  return shortened(value === undefined ? `${sign} ${path}` : `${sign} ${path} = ${JSON.stringify(value)}`);
}

function shortened(text: string): string {
  const plain = inOneLine(text);
  return plain.length > MAX_VALUE_LENGTH ? `${plain.slice(0, MAX_VALUE_LENGTH - 1)}…` : plain;
}

/** Without line breaks and other control characters, which would let a value pass for more than one line. */
export function inOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}
