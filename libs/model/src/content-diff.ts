import jsonPatch from 'fast-json-patch';
import { isJsonObject, type Json, type JsonObject, pointerTokens, sameJson } from './json.js';
import { isSecretName, MASK, maskSecrets } from './secrets.js';

/**
 * The JSON Patch (RFC 6902) that leads from one content to another, as both are shown: secrets are `***`, and a patch shows
 * that one has changed but not to what. `null`, the content of a deletion, is replaced as a whole.
 */
export function contentDiff(from: Json, to: Json): JsonObject[] {
  if (!(isJsonObject(from) && isJsonObject(to)) && !(Array.isArray(from) && Array.isArray(to))) {
    return sameJson(from, to) ? [] : [{ op: 'replace', path: '', value: maskSecrets(to) }];
  }
  const patch: JsonObject[] = [];
  const secrets = new Set<string>();
  for (const operation of jsonPatch.compare(from, to)) {
    const { op, path } = operation;
    const value = 'value' in operation ? (operation.value as Json) : undefined;
    const secret = outermostSecret(path);
    // Several changes inside of one secret are one change: their number and their paths are part of the secret.
    if (secret !== undefined && secrets.has(secret)) continue;
    if (secret !== undefined && secret !== path) patch.push({ op: 'replace', path: secret, value: MASK });
    else if (value === undefined) patch.push({ op, path });
    else patch.push({ op, path, value: secret === undefined ? maskSecrets(value) : shownSecret(value) });
    if (secret !== undefined) secrets.add(secret);
  }
  return patch;
}

/** @returns the pointer to the secret that `path` leads to or into */
function outermostSecret(path: string): string | undefined {
  const at = pointerTokens(path).findIndex(isSecretName);
  return at < 0
    ? undefined
    : path
        .split('/')
        .slice(0, at + 2)
        .join('/');
}

function shownSecret(value: Json): Json {
  return value === null || value === '' ? value : MASK;
}
