import { DIGIT, isOf } from './characters.js';
import { Http1Violation } from './violation.js';

const FORM = 'HTTP/d.d';

/** Checks the byte at `index` (from 0) of `HTTP/` DIGIT `.` DIGIT; which digits are understood is decided by the whole. */
export function checkVersionByte(byte: number | undefined, index: number): void {
  const isDigitPlace = FORM[index] === 'd';
  if (isDigitPlace ? isOf(DIGIT, byte) : byte === FORM.charCodeAt(index)) return;
  throw new Http1Violation('version-form', 'no HTTP version where one must stand');
}
