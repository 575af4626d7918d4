/** A part of a replacement: text as it is, or the number of a group. */
export type ReplacementPart = string | number;

/** The groups of a pattern that a replacement may name. */
export interface RegexGroups {
  readonly count: number;
  readonly numberOf: Readonly<Record<string, number>>;
}

/**
 * Reads a replacement as Java's `Matcher.replaceAll` does: `$1`, `${name}`, `\` before a character that stands for itself.
 * @throws Error that says what is wrong, also for a group that the pattern does not have
 */
export function parseReplacement(text: string, groups: RegexGroups): readonly ReplacementPart[] {
  const parts: ReplacementPart[] = [];
  let literal = '';
  for (let at = 0; at < text.length;) {
    const letter = text[at] as string;
    if (letter === '\\') {
      if (at + 1 === text.length) throw new Error('a "\\" at the end escapes nothing');
      literal += text[at + 1];
      at += 2;
    } else if (letter === '$') {
      const reference = readReference(text, at, groups);
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(reference.group);
      at = reference.end;
    } else {
      literal += letter;
      at++;
    }
  }
  if (literal !== '') parts.push(literal);
  return parts;
}

function readReference(text: string, at: number, groups: RegexGroups): { group: number; end: number } {
  if (text[at + 1] === '{') {
    const end = text.indexOf('}', at);
    const name = end < 0 ? '' : text.slice(at + 2, end);
    if (name === '') throw new Error(`"${text.slice(at)}" names no group`);
    const group = Object.hasOwn(groups.numberOf, name) ? groups.numberOf[name] : undefined;
    if (group === undefined) throw new Error(`the pattern has no group "${name}"`);
    return { group, end: end + 1 };
  }
  let end = at + 1;
  let group = digitAt(text, end);
  if (group === undefined) throw new Error('a "$" names no group; write \\$ for the character');
  if (group > groups.count) throw new Error(`the pattern has no group ${group}`);
  // As in Java, a further digit belongs to the number only as long as there is such a group.
  for (end++; ; end++) {
    const digit = digitAt(text, end);
    if (digit === undefined || group * 10 + digit > groups.count) return { group, end };
    group = group * 10 + digit;
  }
}

function digitAt(text: string, at: number): number | undefined {
  const digit = text.charCodeAt(at) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : undefined;
}
