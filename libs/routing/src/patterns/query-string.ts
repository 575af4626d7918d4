/** One `name=value` of a query, decoded; `value` is absent where there was no `=`. */
export interface QueryParameter {
  readonly name: string;
  readonly value: string | undefined;
  /** The bytes as they came, where they are not correctly encoded and so cannot be told apart from others. */
  readonly malformed?: string;
}

/** Splits a raw query and decodes it as a form (`+` is a space). What is not correctly encoded stays as it came. */
export function parseQuery(query: string): QueryParameter[] {
  return query
    .split('&')
    .filter((piece) => piece !== '')
    .map(parseParameter);
}

function parseParameter(piece: string): QueryParameter {
  const cut = piece.indexOf('=');
  const name = cut < 0 ? piece : piece.slice(0, cut);
  const value = cut < 0 ? undefined : piece.slice(cut + 1);
  if (!/[%+]/.test(piece)) return { name, value };
  try {
    return { name: decode(name), value: value === undefined ? undefined : decode(value) };
  } catch {
    return { name, value, malformed: piece };
  }
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** Encodes everything but letters, digits and `-._~`. No parameters give no query. */
export function formatQuery(parameters: readonly QueryParameter[]): string | undefined {
  if (parameters.length === 0) return undefined;
  return parameters
    .map(({ name, value, malformed }) => {
      if (malformed !== undefined) return malformed;
      return value === undefined ? encodeStrictly(name) : `${encodeStrictly(name)}=${encodeStrictly(value)}`;
    })
    .join('&');
}

/** Percent-encodes all but RFC 3986's unreserved characters; a lone surrogate becomes U+FFFD. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Percent-encodes only what a query cannot hold; escapes that are there stay. */
export function encodeIllegal(text: string): string {
  return text.replace(/%(?![0-9a-f]{2})|[^\w\-.~!$&'()*+,;=:@/?%]/giu, (letter) => encodeStrictly(letter));
}
