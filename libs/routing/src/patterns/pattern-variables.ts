/** The names that a match of one of the patterns may capture. */
export function variablesOf(patterns: readonly { readonly variables: readonly string[] }[]): readonly string[] {
  const [only] = patterns;
  if (only !== undefined && patterns.length === 1) return only.variables;
  return [...new Set(patterns.flatMap(({ variables }) => variables))];
}
