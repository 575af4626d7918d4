import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

/** As V8 prints a call site; its type does not say that it can. */
interface Readable {
  toString(): string;
}

const PLACE = /(file:\/\/[^\s()]+):(\d+):(\d+)/;

/**
 * Has stacks name the lines of the sources, by the maps that lie beside the built files. A map is read when a stack first needs
 * it; `node --enable-source-maps` reads those of all modules when they are loaded, which is a tenth of a start and 7 MB of heap.
 */
export function nameSourceLines(): void {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (url: string): SourceMap | undefined => {
    if (!maps.has(url)) maps.set(url, readMap(url));
    return maps.get(url);
  };
  Error.prepareStackTrace = (error, frames) =>
    [titleOf(error), ...frames.map((frame) => `    at ${inSource((frame as Readable).toString(), mapOf)}`)].join('\n');
}

function titleOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'Error';
  }
}

/** As it is where it cannot be mapped, whatever the map says: an error is not to be hidden by another. */
function inSource(frame: string, mapOf: (url: string) => SourceMap | undefined): string {
  const [place, url = '', line, column] = PLACE.exec(frame) ?? [];
  if (place === undefined) return frame;
  try {
    const entry = mapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return frame;
    const { originalSource, originalLine, originalColumn } = entry;
    const source = fileURLToPath(new URL(originalSource, url));
    return frame.replace(place, () => `${source}:${originalLine + 1}:${originalColumn + 1}`);
  } catch {
    return frame;
  }
}

/** `undefined` where there is none that can be read. */
function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
