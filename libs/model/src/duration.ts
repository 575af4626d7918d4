const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIMPLE = /^([+-]?\d+)\s*(ns|us|ms|s|m|h|d)?$/i;
const ISO_8601 = /^([+-]?)P(?:([+-]?\d+)D)?(?:T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:\.\d{1,9})?)S)?)?$/i;

/**
 * Reads a duration as Spring Boot does: an integer is milliseconds, an integer with a unit (`250ms`, `10s`, `5m`, `2h`,
 * `7d`), or ISO-8601 (`PT1.5S`).
 * @returns milliseconds, or `undefined` where the text is no duration
 */
export function parseDurationMs(text: string | number): number | undefined {
  if (typeof text === 'number') return Number.isSafeInteger(text) ? text : undefined;
  const simple = SIMPLE.exec(text.trim());
  if (simple) return Number(simple[1]) * (UNIT_MS[(simple[2] ?? 'ms').toLowerCase()] as number);
  const iso = ISO_8601.exec(text.trim());
  if (!iso || text.trim().toUpperCase().endsWith('T') || !iso.slice(2).some((part) => part !== undefined)) {
    return undefined;
  }
  const [days, hours, minutes, seconds] = iso.slice(2).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  const ms = days * 86_400_000 + hours * 3_600_000 + minutes * 60_000 + seconds * 1_000;
  return iso[1] === '-' ? -ms : ms;
}

/** The shortest exact text of a duration: `90000` is `90s`, `60000` is `1m`. */
export function formatDurationMs(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = UNIT_MS[unit] as number;
    if (ms !== 0 && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
