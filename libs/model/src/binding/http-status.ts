import { STATUS_CODES } from 'node:http';

/** Spring's names of statuses differ from the reason phrases in these. */
const SPRING_NAMES: Readonly<Record<string, number>> = {
  iamateapot: 418,
  contenttoolarge: 413,
  requestentitytoolarge: 413,
  requesturitoolong: 414,
  unprocessablecontent: 422,
  movedtemporarily: 302,
  earlyhints: 103,
};

const BY_NAME: ReadonlyMap<string, number> = new Map([
  ...Object.entries(STATUS_CODES).map(([code, reason]): [string, number] => [lettersOf(reason ?? ''), Number(code)]),
  ...Object.entries(SPRING_NAMES),
]);

function lettersOf(text: string): string {
  return text.replace(/[^a-z0-9]/gi, '').toLowerCase();
}

/** @returns the status of an enum name such as `BAD_GATEWAY`, compared by letters and digits only */
export function statusByName(name: string): number | undefined {
  return BY_NAME.get(lettersOf(name));
}

/** Spring's enum name of a status (`NOT_FOUND`), or its number where it has none. */
export function statusName(status: number): string {
  const reason = STATUS_CODES[status];
  if (reason === undefined) return String(status);
  if (status === 418) return 'I_AM_A_TEAPOT';
  return reason.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
}
