/**
 * The methods of the IANA registry and those that Node's own parser reads beside them. Another one is refused with 501: an
 * upstream that does not know it cannot say so reliably. `CONNECT` is left out, for a gateway is no tunnel.
 */
const METHODS: ReadonlySet<string> = new Set(
  (
    'GET HEAD POST PUT DELETE PATCH OPTIONS TRACE QUERY ACL BIND CHECKOUT COPY LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR ' +
    'MKCOL MOVE NOTIFY PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
);

export const MAX_METHOD_LENGTH = Math.max(...Array.from(METHODS, (method) => method.length));

/** Case counts (RFC 9110 section 9.1). */
export function isMethod(text: string): boolean {
  return text === 'GET' || text === 'POST' || METHODS.has(text);
}
