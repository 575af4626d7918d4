/** `#x#`, `x~` and what begins with a dot are an editor's or a mount's own. */
const DOCUMENT = /^[^.#].*\.(ya?ml|json)$/i;

/** Whether what a file, or a key of a ConfigMap, is called makes it a document. */
export function isDocumentName(name: string): boolean {
  return DOCUMENT.test(name);
}

export function formatOf(name: string): 'yaml' | 'json' {
  return name.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
}
