import type { Problem } from '@tigateway/model';

/** What became of a definition: the result, or every problem that is in the way of one. Warnings are in nobody's way. */
export interface Compilation<T> {
  readonly result?: T;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export const NO_PROBLEMS: readonly Problem[] = Object.freeze([]);

/** Moves a compilation's pointers to where the definition stands in what was sent. */
export function movedTo<T>(pointer: string, compilation: Compilation<T>): Compilation<T> {
  if (pointer === '' || (compilation.problems.length === 0 && compilation.warnings.length === 0)) return compilation;
  const moved = (problem: Problem): Problem => ({ ...problem, pointer: pointer + problem.pointer });
  return {
    ...compilation,
    problems: compilation.problems.map(moved),
    warnings: compilation.warnings.map(moved),
  };
}
