import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const require = createRequire(import.meta.url);
let library: typeof Yaml | undefined;

/** The YAML library, loaded at the first text that is not plain: the parsing thread starts sooner without it. */
export function yamlLibrary(): typeof Yaml {
  return (library ??= require('yaml') as typeof Yaml);
}
