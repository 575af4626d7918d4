import { describe, expect, it } from 'vitest';
import { BlockCoverage } from './block-coverage.js';
import { type CorpusEntry, readCorpus, writeCorpus } from './corpus.js';
import { compare, compareEveryCut } from './differences.js';
import { generate, mutate } from './message-generator.js';
import { Random } from './random.js';

/**
 * `FUZZ_ROUNDS=1000 FUZZ_SEED=7 FUZZ_KEEP=1 npx vitest run test/fuzz/coverage-guided.spec.ts` looks further and keeps what it
 * finds.
 */
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 10);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const KEEPS = process.env['FUZZ_KEEP'] === '1';
const TEXTS_PER_ROUND = 200;

const corpus = readCorpus();

describe('the corpus', () => {
  it('is read in one way only', () => {
    const random = new Random(SEED);
    for (const { kind, text } of corpus) {
      compare(kind, text, random);
      compareEveryCut(kind, text);
    }
    expect(corpus.length).toBeGreaterThan(0);
  });

  it('grows towards what no text has reached, and is read in one way only there too', { timeout: 0 }, async () => {
    const random = new Random(SEED);
    const coverage = new BlockCoverage((url) => url.includes('/libs/proxy/src/http1/'));
    const grown = [...corpus];
    await coverage.start();
    for (const { kind, text } of corpus) compare(kind, text, random);
    const known = await coverage.countNew(true);
    for (let round = 0; round < ROUNDS; round++) {
      const texts = Array.from({ length: TEXTS_PER_ROUND }, () =>
        change(random.pick(grown), random.pick(grown), random),
      );
      for (const { kind, text } of texts) compare(kind, text, random);
      // Reading the counters is slow: which text it was is only asked where there is something new.
      if ((await coverage.countNew(false)) > 0) grown.push(...(await newOnes(texts, coverage, random)));
    }
    await coverage.stop();
    if (KEEPS) writeCorpus(grown);
    expect(known).toBeGreaterThan(0);
  });
});

async function newOnes(
  entries: readonly CorpusEntry[],
  coverage: BlockCoverage,
  random: Random,
): Promise<CorpusEntry[]> {
  const found: CorpusEntry[] = [];
  for (const entry of entries) {
    compare(entry.kind, entry.text, random);
    if ((await coverage.countNew(true)) > 0) found.push(entry);
  }
  return found;
}

function change({ kind, text }: CorpusEntry, other: CorpusEntry, random: Random): CorpusEntry {
  const base = random.chance(80) ? text : generate(kind, random);
  return { kind, text: mutate(base, other.text, random) };
}
