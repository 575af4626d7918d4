import { Matches } from 'class-validator';
import { HEADER_NAME } from './header-syntax.js';

/** An argument that names a header. */
export function IsHeaderName(): PropertyDecorator {
  return Matches(HEADER_NAME, { message: '$property must be the name of a header' });
}
