import { readByNode } from './node-parser.js';
import type { Random } from './random.js';
import type { MessageKind, Reading } from './reading.js';
import { readStrictly } from './strict-parser.js';

/** A text that was read in two ways, and the two ways. */
export class Difference extends Error {
  constructor(what: string, text: string, one: unknown, other: unknown) {
    super(`${what}\n${JSON.stringify(text)}\n${JSON.stringify(one)}\n${JSON.stringify(other)}`);
  }
}

/**
 * Texts that the strict parser may read and Node's refuses; they are only compared with themselves. `docs/http1.md` says why.
 */
const ACCEPTED_BEYOND_NODE: readonly RegExp[] = [
  // White space after a value is not part of it, and that includes a tab.
  /(?:content-length|transfer-encoding):[^\r\n]*\t[ \t]*\r/i,
  // An interim response does not end the connection; the final one is still to come.
  /HTTP\/1\.[01] 1[0-9][0-9][^]*?connection:[^\r\n]*close/i,
];

/**
 * Reads a text in many ways and compares. Whatever the strict parser accepts, Node's accepts and reads alike; how the text is
 * cut changes nothing.
 * @returns the strict parser's reading
 * @throws Difference
 */
export function compare(kind: MessageKind, text: string, random: Random): Reading {
  const bytes = Buffer.from(text, 'latin1');
  const whole = readStrictly(kind, [bytes]);
  const expected = JSON.stringify(whole);
  for (const pieces of [cutAtRandom(bytes, random), cutAtRandom(bytes, random), cutEverywhere(bytes)]) {
    const reading = readStrictly(kind, pieces);
    if (JSON.stringify(reading) !== expected) throw new Difference('read otherwise in pieces', text, whole, reading);
  }
  if (ACCEPTED_BEYOND_NODE.some((known) => known.test(text))) return whole;
  const byNode = readByNode(kind, bytes);
  whole.messages.forEach((message, at) => {
    if (JSON.stringify(message) !== JSON.stringify(byNode.messages[at])) {
      throw new Difference(`message ${at} accepted, but not by Node or otherwise`, text, whole, byNode);
    }
  });
  // Where both go on, Node sees no message that the strict parser does not see.
  if (whole.end === 'incomplete' && byNode.messages.length > whole.messages.length) {
    throw new Difference('Node sees more messages', text, whole, byNode);
  }
  return whole;
}

/** As `compare`, for a text cut in two at every place. */
export function compareEveryCut(kind: MessageKind, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  const whole = readStrictly(kind, [bytes]);
  const expected = JSON.stringify(whole);
  for (let cut = 1; cut < bytes.length; cut++) {
    const reading = readStrictly(kind, [bytes.subarray(0, cut), bytes.subarray(cut)]);
    if (JSON.stringify(reading) !== expected)
      throw new Difference(`read otherwise cut at ${cut}`, text, whole, reading);
  }
}

function cutAtRandom(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random.int(40));
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

function cutEverywhere(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}
