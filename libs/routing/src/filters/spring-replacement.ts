/** Spring's own rule before Java's: in YAML `$\{name}` is written so that no placeholder is seen in it. */
export function springReplacement(replacement: string): string {
  return replacement.replaceAll('$\\', '$');
}
