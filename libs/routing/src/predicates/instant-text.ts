/** A date-time as the actuator shows it, in UTC; beyond what a date can show, its milliseconds. */
export function instantText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
