import { readFileSync, writeFileSync } from 'node:fs';
import type { MessageKind } from './reading.js';

export interface CorpusEntry {
  readonly kind: MessageKind;
  readonly text: string;
}

const FILE = new URL('corpus.json', import.meta.url);

/** Texts that once reached a part of the parser that nothing had reached before. */
export function readCorpus(): CorpusEntry[] {
  return JSON.parse(readFileSync(FILE, 'utf8')) as CorpusEntry[];
}

export function writeCorpus(entries: readonly CorpusEntry[]): void {
  writeFileSync(FILE, `[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]\n`);
}
