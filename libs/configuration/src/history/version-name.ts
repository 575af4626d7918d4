const VERSION = /^v([1-9]\d{0,15})$/;

/** @returns the milliseconds that a version is named after, or `undefined` where the text names no version */
export function versionMs(version: string): number | undefined {
  const ms = Number(VERSION.exec(version)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

export function versionName(ms: number): string {
  return `v${ms}`;
}
