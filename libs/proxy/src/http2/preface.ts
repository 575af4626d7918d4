/** What an HTTP/2 client that knows its server sends first (RFC 9113, section 3.4). It is no HTTP/1.1 request. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Whether a connection's first bytes are the preface: `true`, `false`, or `undefined` where more has to be seen. */
export function beginsHttp2(bytes: Buffer): boolean | undefined {
  // Nearly always the first byte says it.
  if (bytes[0] !== PREFACE[0]) return bytes.length === 0 ? undefined : false;
  const seen = Math.min(bytes.length, PREFACE.length);
  if (PREFACE.compare(bytes, 0, seen, 0, seen) !== 0) return false;
  return seen === PREFACE.length ? true : undefined;
}
