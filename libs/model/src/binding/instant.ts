const ISO_WITH_OFFSET =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2}(?::\d{2})?)(?:\[([\w+\-/]+)\])?$/i;

/**
 * Reads epoch milliseconds or ISO-8601 with an offset or `Z`, optionally followed by a zone id in brackets (Java's
 * ZonedDateTime): the offset decides, the zone id must exist.
 * @returns milliseconds since the epoch, or `undefined` where the text is neither (a local time without offset too)
 */
export function parseInstantMs(text: string): number | undefined {
  if (/^-?\d{1,16}$/.test(text)) return Number(text);
  const match = ISO_WITH_OFFSET.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = '00', fraction = '', offset, zone] = match;
  if (zone !== undefined && !isZone(zone)) return undefined;
  const civil = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(civil);
  // Date.UTC rolls 31 February over into March; a date that does not exist is an error, not another date.
  if (date.getUTCDate() !== Number(day) || date.getUTCHours() !== Number(hour)) return undefined;
  if (Number(month) < 1 || Number(month) > 12 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return civil + Number(`0.${fraction || '0'}`) * 1_000 - offsetMs(offset as string);
}

function offsetMs(offset: string): number {
  if (offset.toUpperCase() === 'Z') return 0;
  const [hours, minutes, seconds = 0] = offset.slice(1).split(':').map(Number) as [number, number, number?];
  return (offset.startsWith('-') ? -1 : 1) * (hours * 3_600_000 + minutes * 60_000 + seconds * 1_000);
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
