import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * A library that most processes and threads never use, loaded at its first use: loading code is most of what a start takes.
 * @param name of a package that can be loaded by `require`
 */
export function libraryOnDemand<Library>(name: string): () => Library {
  let library: Library | undefined;
  return () => (library ??= require(name) as Library);
}
