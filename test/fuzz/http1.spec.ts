import { describe, expect, it } from 'vitest';
import { compare, compareEveryCut } from './differences.js';
import { generate, mutate } from './message-generator.js';
import { Random } from './random.js';
import type { MessageKind } from './reading.js';

/** `FUZZ_MESSAGES=1000000 FUZZ_SEED=7 npx vitest run test/fuzz` reads more, and others. */
const MESSAGES = Number(process.env['FUZZ_MESSAGES'] ?? 20_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);

describe.each<MessageKind>(['request', 'response'])('any %s, well formed or not', (kind) => {
  it("is read in one way only, however it is cut, and as Node's own parser reads it", { timeout: 0 }, () => {
    const random = new Random(SEED);
    let previous = generate(kind, random);
    let accepted = 0;
    for (let count = 0; count < MESSAGES; count++) {
      const generated = generate(kind, random);
      const text = random.chance(50) ? generated : mutate(generated, previous, random);
      accepted += compare(kind, text, random).messages.length;
      if (count % 50 === 0) compareEveryCut(kind, text);
      previous = text;
    }
    // Messages that are all refused would prove nothing.
    expect(accepted).toBeGreaterThan(MESSAGES / 4);
  });
});
