/**
 * `uri-host [ ":" port ]` (RFC 9110 section 7.2), narrower than the grammar: the sub-delimiters and percent-encodings that it
 * allows in a name occur in no real host, and commas in it are read as a list by some. IPv6 is only told from a name here.
 */
const AUTHORITY = /^(?:[0-9A-Za-z._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

export function isAuthority(text: string): boolean {
  return AUTHORITY.test(text);
}

/** True when both name the same host and port; `scheme` (`http` or `https`) gives the port where one leaves it out. */
export function sameAuthority(one: string, other: string, scheme: string): boolean {
  return one === other || withoutDefaultPort(one, scheme) === withoutDefaultPort(other, scheme);
}

function withoutDefaultPort(authority: string, scheme: string): string {
  const lower = authority.toLowerCase();
  const port = scheme === 'https' ? ':443' : ':80';
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
