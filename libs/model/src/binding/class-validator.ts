import { createRequire } from 'node:module';
import type * as ClassValidator from 'class-validator';

const require = createRequire(import.meta.url);
let library: typeof ClassValidator | undefined;

/** The library, loaded when something is bound first: a thread that binds nothing starts in half of the time without it. */
export function classValidator(): typeof ClassValidator {
  return (library ??= require('class-validator') as typeof ClassValidator);
}
