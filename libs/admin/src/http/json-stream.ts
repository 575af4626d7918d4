import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { TimeSlice } from '@tigateway/model';

/** Fewer items than this are one `JSON.stringify`, which then holds the event loop for less than a slice. */
const SMALL = 500;
/** Text is handed on in pieces of about this length, in characters. */
const CHUNK_LENGTH = 65_536;

/** An array as an answer's body; a long one is written in slices, so that traffic does not wait for it. */
export function jsonArray<T>(items: readonly T[], shown: (item: T) => unknown): unknown {
  if (items.length <= SMALL) return items.map(shown);
  return streamed(joined(items, (item) => JSON.stringify(shown(item)), '[', ',', ']'));
}

/** An object of one member an item, likewise. */
export function jsonRecord<T>(items: readonly T[], keyOf: (item: T) => string, shown: (item: T) => unknown): unknown {
  if (items.length <= SMALL) {
    const record = Object.create(null) as Record<string, unknown>;
    for (const item of items) record[keyOf(item)] = shown(item);
    return record;
  }
  const member = (item: T) => `${JSON.stringify(keyOf(item))}:${JSON.stringify(shown(item))}`;
  return streamed(joined(items, member, '{', ',', '}'));
}

/** An object with an array for a member, likewise, and with `others`, at least one, after it. */
export function jsonWithArray<T>(
  key: string,
  items: readonly T[],
  shown: (item: T) => unknown,
  others: object,
): unknown {
  if (items.length <= SMALL) return { [key]: items.map(shown), ...others };
  const rest = JSON.stringify(others).slice(1);
  return streamed(joined(items, (item) => JSON.stringify(shown(item)), `{${JSON.stringify(key)}:[`, ',', `],${rest}`));
}

function streamed(pieces: AsyncIterable<string>): StreamableFile {
  return new StreamableFile(Readable.from(pieces, { objectMode: false }), { type: 'application/json; charset=utf-8' });
}

/** Joins the items' texts into pieces of even size, giving the event loop away between slices. */
export async function* joined<T>(
  items: Iterable<T>,
  textOf: (item: T) => string,
  open: string,
  separator: string,
  close: string,
): AsyncGenerator<string> {
  const slice = new TimeSlice();
  let piece = open;
  let isFirst = true;
  for (const item of items) {
    piece += isFirst ? textOf(item) : separator + textOf(item);
    isFirst = false;
    if (slice.isUsedUp) await slice.breathe();
    if (piece.length < CHUNK_LENGTH) continue;
    yield piece;
    piece = '';
  }
  yield piece + close;
}
