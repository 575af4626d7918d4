import { isNamed, isToken } from './characters.js';
import { checkTransferEncoding, parseContentLength } from './framing.js';
import { Http1Violation } from './violation.js';

/** What the header fields say about the message itself and its connection, gathered in one pass. */
export interface HeadFacts {
  host: string | undefined;
  contentLength: number | undefined;
  chunked: boolean;
  /** `Connection: close`. */
  close: boolean;
  /** `Connection: keep-alive`. */
  keepAlive: boolean;
  /** The `Upgrade` field's value where `Connection` names it too; it says nothing without. */
  upgrade: string | undefined;
  expect: string | undefined;
}

/**
 * @throws Http1Violation where two fields, or two lines of one, let the message be read in two ways
 */
export function gatherFacts(fields: readonly string[]): HeadFacts {
  const facts: HeadFacts = {
    host: undefined,
    contentLength: undefined,
    chunked: false,
    close: false,
    keepAlive: false,
    upgrade: undefined,
    expect: undefined,
  };
  let upgrade: string | undefined;
  let connectionUpgrade = false;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    // The length tells most other fields apart without making a lower-case copy of the name.
    switch (name.length) {
      case 4:
        if (!isNamed(name, 'host')) break;
        if (facts.host !== undefined) throw new Http1Violation('host', 'two Host lines');
        facts.host = value;
        break;
      case 6:
        if (isNamed(name, 'expect')) facts.expect = facts.expect === undefined ? value : `${facts.expect}, ${value}`;
        break;
      case 7:
        if (isNamed(name, 'upgrade')) upgrade = upgrade === undefined ? value : `${upgrade}, ${value}`;
        break;
      case 10:
        if (!isNamed(name, 'connection')) break;
        for (const option of connectionOptions(value)) {
          if (option === 'close') facts.close = true;
          else if (option === 'keep-alive') facts.keepAlive = true;
          else if (option === 'upgrade') connectionUpgrade = true;
        }
        break;
      case 14:
        if (!isNamed(name, 'content-length')) break;
        if (facts.contentLength !== undefined) throw new Http1Violation('content-length', 'two content lengths');
        facts.contentLength = parseContentLength(value);
        break;
      case 17:
        if (!isNamed(name, 'transfer-encoding')) break;
        if (facts.chunked) throw new Http1Violation('transfer-encoding', 'two Transfer-Encoding lines');
        checkTransferEncoding(value);
        facts.chunked = true;
        break;
    }
  }
  if (facts.chunked && facts.contentLength !== undefined) {
    throw new Http1Violation('transfer-encoding', 'a content length and a transfer encoding');
  }
  if (connectionUpgrade) facts.upgrade = upgrade;
  return facts;
}

const KEEP_ALIVE = ['keep-alive'];
const CLOSE = ['close'];

/** The options of one `Connection` line in lower case; empty list elements are dropped (RFC 9110 section 5.6.1). */
function connectionOptions(value: string): readonly string[] {
  if (value === 'keep-alive' || value === 'Keep-Alive') return KEEP_ALIVE;
  if (value === 'close') return CLOSE;
  const options: string[] = [];
  for (const element of value.split(',')) {
    const option = element.trim().toLowerCase();
    if (option === '') continue;
    if (!isToken(option)) throw new Http1Violation('connection', 'a Connection option that is no token');
    options.push(option);
  }
  return options;
}
