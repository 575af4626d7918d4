const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };
const DATA_SIZE = /^([+-]?\d+)\s*(B|KB|MB|GB|TB)?$/;

/**
 * Reads a size as Spring's DataSize does: an integer is bytes; the suffixes `B KB MB GB TB` count by 1024.
 * @returns bytes, or `undefined` where the text is no size
 */
export function parseDataSizeBytes(text: string | number): number | undefined {
  if (typeof text === 'number') return Number.isSafeInteger(text) ? text : undefined;
  const match = DATA_SIZE.exec(text.trim());
  if (!match) return undefined;
  const bytes = Number(match[1]) * (UNIT_BYTES[match[2] ?? 'B'] as number);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
