import { type Json, type ParsedObject, pointerTokens, type Problem } from '@tigateway/model';
import type { Verdict } from './verdict.js';

/**
 * The operator's documents are checked with the values that their placeholders stand for. A message may quote what it found, so
 * one about a replaced value says no more than which placeholder it is.
 */
export function withoutSecretValues(
  { problems, warnings }: Verdict,
  object: Pick<ParsedObject, 'configuration' | 'pointer'>,
): Verdict {
  const silenced = (problem: Problem): Problem => {
    const tokens = pointerTokens(problem.pointer.slice(object.pointer.length));
    const written = JSON.stringify(valueAt(object.configuration, tokens) ?? null);
    const placeholder = /\$\{[^}:]*/.exec(written)?.[0];
    return placeholder === undefined
      ? problem
      : { ...problem, message: `what ${placeholder}} stands for cannot be used here (${problem.code})` };
  };
  return { problems: problems.map(silenced), warnings: warnings.map(silenced) };
}

/** What a pointer leads to; `undefined` for a property that is missing. */
function valueAt(value: Json, tokens: readonly string[]): Json | undefined {
  const [token, ...rest] = tokens;
  if (token === undefined || typeof value !== 'object' || value === null) return value;
  const member = (value as Record<string, Json>)[token];
  return member === undefined ? undefined : valueAt(member, rest);
}
