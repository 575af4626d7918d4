import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import { forEachSliced, type Json, toRecords } from '@tigateway/model';
import type { KubernetesObject } from '@tigateway/kubernetes';
import type { SharedCommit } from './shared-commit.js';

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** One commit of one process, in the order of all. */
export interface JournalEntry {
  readonly sequence: number;
  /** Which attempt of which process wrote it: tells one's own commit from another's of the same place. */
  readonly mark: string;
  readonly commit: SharedCommit;
}

/** Where all processes stand together. */
export interface JournalPlace {
  /** Of the newest entry; 0 for none. */
  readonly sequence: number;
  /** Of the newest event. */
  readonly eventSequence: number;
  /** The newest version's milliseconds. */
  readonly lastVersionMs: number;
  /** Every entry up to this one is in the history's ConfigMaps. */
  readonly writtenThrough: number;
}

export const NEW_JOURNAL: JournalPlace = { sequence: 0, eventSequence: 0, lastVersionMs: 0, writtenThrough: 0 };

/** An entry as it stands in the journal's ConfigMap: its text, or the names of the ConfigMaps that have it in parts. */
export interface EnclosedEntry {
  readonly sequence: number;
  readonly mark: string;
  readonly bytes?: Buffer;
  readonly parts?: readonly string[];
}

export interface JournalHead {
  readonly place: JournalPlace;
  /** The newest, oldest first, without a gap. */
  readonly entries: readonly EnclosedEntry[];
  readonly resourceVersion: string;
}

const HEAD = 'journal';
const ENTRY = /^entry-(\d+)$/;

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);
const OPTIONS = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Row by row, so that a commit of 10,000 configurations is no long step. */
export async function enclose(commit: SharedCommit): Promise<Buffer> {
  const lines: string[] = [];
  for (const [part, rows] of Object.entries(commit) as [string, readonly unknown[]][]) {
    await forEachSliced(rows, (row) => lines.push(`${part} ${JSON.stringify(row)}`));
  }
  return compress(lines.join('\n'), OPTIONS);
}

export async function disclose(bytes: Buffer): Promise<SharedCommit> {
  const commit: Record<string, unknown[]> = {};
  const lines = (await decompress(bytes)).toString('utf8').split('\n');
  await forEachSliced(lines, (line) => {
    const end = line.indexOf(' ');
    (commit[line.slice(0, end)] ??= []).push(toRecords(JSON.parse(line.slice(end + 1)) as Json));
  });
  return commit;
}

/** What a head is as the ConfigMap's `data` and `binaryData`. */
export function headData({
  place,
  entries,
}: Pick<JournalHead, 'place' | 'entries'>): Pick<ConfigMap, 'data' | 'binaryData'> {
  const index = entries.map(({ sequence, mark, parts }) => ({ sequence, mark, ...(parts && { parts }) }));
  const bodies = entries.flatMap(({ sequence, bytes }) =>
    bytes ? [[`entry-${sequence}`, bytes.toString('base64')]] : [],
  );
  return {
    data: { [HEAD]: JSON.stringify({ ...place, entries: index }) },
    binaryData: Object.fromEntries(bodies) as Record<string, string>,
  };
}

/** @throws SyntaxError where the ConfigMap is no journal */
export function headOf({ data = {}, binaryData = {}, metadata }: ConfigMap): JournalHead {
  const written = JSON.parse(data[HEAD] ?? '') as JournalPlace & { readonly entries: readonly EnclosedEntry[] };
  const { sequence, eventSequence, lastVersionMs, writtenThrough } = written;
  if (![sequence, eventSequence, lastVersionMs, writtenThrough].every(Number.isSafeInteger))
    throw new SyntaxError('its place is not four whole numbers');
  const bodies = new Map(
    Object.entries(binaryData).map(([key, body]) => [Number(ENTRY.exec(key)?.[1]), Buffer.from(body, 'base64')]),
  );
  return {
    place: { sequence, eventSequence, lastVersionMs, writtenThrough },
    entries: written.entries.map((entry) => {
      const bytes = bodies.get(entry.sequence);
      return {
        sequence: entry.sequence,
        mark: entry.mark,
        ...(entry.parts ? { parts: entry.parts } : bytes && { bytes }),
      };
    }),
    resourceVersion: metadata.resourceVersion ?? '',
  };
}
