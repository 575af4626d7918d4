import { isAuthority, sameAuthority } from './authority.js';
import { CR, isOf, LF, PATH, QUERY, QUESTION_MARK, SP, TOKEN } from './characters.js';
import { type BodyFraming, CHUNKED, NO_BODY } from './framing.js';
import { gatherFacts, type HeadFacts } from './head-facts.js';
import { isMethod, MAX_METHOD_LENGTH } from './methods.js';
import { SectionReader } from './section-reader.js';
import { checkVersionByte } from './version.js';
import { Http1Violation } from './violation.js';

/** A request without its content, read in one way only. */
export interface RequestHead {
  readonly method: string;
  /** As on the wire, in any of its forms. */
  readonly target: string;
  /** Raw and still encoded, starting with `/`; or `*` (`OPTIONS *`). The path part of a target in absolute form. */
  readonly path: string;
  /** Raw, without its `?`; `undefined` where the target has none. */
  readonly query: string | undefined;
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  readonly minorVersion: number;
  /** `[name, value, …]`, in order, names in the case sent. */
  readonly fields: string[];
  /** The Host field; only HTTP/1.0 may leave it out. */
  readonly host: string | undefined;
  readonly body: BodyFraming;
  /** The client wants the connection to outlive this request. */
  readonly persistent: boolean;
  readonly expectsContinue: boolean;
  /** What the client offers to upgrade to. */
  readonly upgrade: string | undefined;
}

const BEFORE_METHOD = 0;
const EMPTY_LINE_FEED = 1;
const METHOD = 2;
const TARGET_PATH = 3;
const TARGET_QUERY = 4;
const VERSION = 5;
const LINE_FEED = 6;

/** Bytes of `HTTP/1.1`. */
const VERSION_LENGTH = 8;

const ABSOLUTE_FORM = /^(https?):\/\/([^/?]+)([^?]*)/i;

/** Reads request lines and header sections, one after the other. */
export class RequestHeadReader extends SectionReader {
  private part = BEFORE_METHOD;
  private skippedEmptyLine = false;
  private methodStart = 0;
  private targetStart = 0;
  /** Position of the first `?`; -1 where there is none. */
  private questionMark = -1;
  private versionStart = 0;
  private head: RequestHead | undefined;

  /** The head just completed; the reader is ready for the next one. */
  take(): RequestHead {
    const { head } = this;
    if (!head) throw new Error('no complete head to take');
    this.reset();
    return head;
  }

  override reset(): void {
    super.reset();
    this.part = BEFORE_METHOD;
    this.skippedEmptyLine = false;
    this.questionMark = -1;
    this.head = undefined;
  }

  protected override readStartLine(chunk: Buffer, from: number, stop: number, origin: number): number {
    let at = from;
    while (at < stop) {
      const byte = chunk[at];
      switch (this.part) {
        case BEFORE_METHOD:
          // One empty line before a request is forgiven (RFC 9112 section 2.2).
          if (byte === CR && !this.skippedEmptyLine) {
            this.skippedEmptyLine = true;
            this.part = EMPTY_LINE_FEED;
            at++;
            break;
          }
          if (!isOf(TOKEN, byte)) throw new Http1Violation('request-line', 'a request line that begins with no method');
          this.methodStart = at + origin;
          this.part = METHOD;
          break;
        case EMPTY_LINE_FEED:
          if (byte !== LF) throw new Http1Violation('line-end', 'CR without LF');
          this.part = BEFORE_METHOD;
          at++;
          break;
        case METHOD: {
          const methodStop = Math.min(stop, this.methodStart + MAX_METHOD_LENGTH - origin);
          while (at < methodStop && isOf(TOKEN, chunk[at])) at++;
          if (at === stop) break;
          if (chunk[at] !== SP) {
            if (isOf(TOKEN, chunk[at])) throw new Http1Violation('method', 'a method longer than any known one');
            throw new Http1Violation('request-line', 'a byte that no method may hold');
          }
          at++;
          this.targetStart = at + origin;
          this.part = TARGET_PATH;
          break;
        }
        case TARGET_PATH:
        case TARGET_QUERY:
          at = this.readTarget(chunk, at, stop, origin);
          break;
        case VERSION:
          at = this.readVersion(chunk, at, stop, origin);
          break;
        default:
          if (byte !== LF) throw new Http1Violation('line-end', 'CR without LF');
          this.endStartLine();
          return at + 1;
      }
    }
    return at;
  }

  private readTarget(chunk: Buffer, from: number, stop: number, origin: number): number {
    const { maxTargetBytes } = this.limits;
    const targetStop = Math.min(stop, this.targetStart + maxTargetBytes - origin);
    let at = from;
    if (this.part === TARGET_PATH) {
      while (at < targetStop && isOf(PATH, chunk[at]) && chunk[at] !== QUESTION_MARK) at++;
      if (at < targetStop && chunk[at] === QUESTION_MARK) {
        this.questionMark = at + origin;
        this.part = TARGET_QUERY;
      }
    }
    if (this.part === TARGET_QUERY) while (at < targetStop && isOf(QUERY, chunk[at])) at++;
    if (at === stop) return at;
    if (chunk[at] !== SP) {
      if (at === targetStop) throw new Http1Violation('target-length', `a target of more than ${maxTargetBytes} bytes`);
      throw new Http1Violation('target', 'a byte that no request target may hold');
    }
    if (at + origin === this.targetStart) throw new Http1Violation('request-line', 'no request target');
    this.versionStart = at + 1 + origin;
    this.part = VERSION;
    return at + 1;
  }

  private readVersion(chunk: Buffer, from: number, stop: number, origin: number): number {
    let at = from;
    const versionStop = Math.min(stop, this.versionStart + VERSION_LENGTH - origin);
    for (; at < versionStop; at++) checkVersionByte(chunk[at], at + origin - this.versionStart);
    if (at === stop) return at;
    if (chunk[at] !== CR)
      throw new Http1Violation('request-line', 'more than a version at the end of the request line');
    this.part = LINE_FEED;
    return at + 1;
  }

  protected override finish(text: string): void {
    const version = text.substring(this.versionStart, this.versionStart + VERSION_LENGTH);
    if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0')
      throw new Http1Violation('version', 'neither HTTP/1.1 nor HTTP/1.0');
    const minorVersion = version === 'HTTP/1.1' ? 1 : 0;
    const method = text.substring(this.methodStart, this.targetStart - 1);
    if (!isMethod(method)) throw new Http1Violation('method', 'an unknown method');
    const fields = this.fields(text);
    const facts = gatherFacts(fields);
    if (facts.host === undefined ? minorVersion === 1 : !isAuthority(facts.host)) {
      throw new Http1Violation('host', 'a Host that is missing or names no host');
    }
    const targetEnd = this.versionStart - 1;
    const pathEnd = this.questionMark < 0 ? targetEnd : this.questionMark;
    const target = text.substring(this.targetStart, targetEnd);
    const body = requestBody(facts, minorVersion);
    this.head = {
      method,
      target,
      path: pathOf(pathEnd === targetEnd ? target : text.substring(this.targetStart, pathEnd), method, facts.host),
      query: this.questionMark < 0 ? undefined : text.substring(pathEnd + 1, targetEnd),
      minorVersion,
      fields,
      host: facts.host,
      body,
      persistent: !facts.close && (minorVersion === 1 || facts.keepAlive),
      // HTTP/1.0 has no interim responses (RFC 9110 section 10.1.1).
      expectsContinue: facts.expect !== undefined && minorVersion === 1 && expectsContinue(facts.expect),
      upgrade: minorVersion === 1 ? facts.upgrade : undefined,
    };
  }
}

/** The path of a target in any form but CONNECT's. */
function pathOf(target: string, method: string, host: string | undefined): string {
  if (target.startsWith('/')) return target;
  if (target === '*' && method === 'OPTIONS') return target;
  const [form, scheme, authority, path] = ABSOLUTE_FORM.exec(target) ?? [];
  if (form === undefined || scheme === undefined || authority === undefined || !isAuthority(authority)) {
    throw new Http1Violation('target', 'neither a path nor an http URI');
  }
  // A proxy would have to believe the target and its upstream might believe the Host.
  if (host !== undefined && !sameAuthority(authority, host, scheme.toLowerCase())) {
    throw new Http1Violation('host', 'a target and a Host that name different hosts');
  }
  return path || '/';
}

function requestBody(facts: HeadFacts, minorVersion: number): BodyFraming {
  if (facts.chunked) {
    // A server of that time would not see where the content ends (RFC 9112 section 6.1).
    if (minorVersion === 0) throw new Http1Violation('transfer-encoding', 'a transfer encoding in HTTP/1.0');
    return CHUNKED;
  }
  return facts.contentLength ? { kind: 'length', length: facts.contentLength } : NO_BODY;
}

function expectsContinue(expect: string): boolean {
  if (expect.toLowerCase() === '100-continue') return true;
  throw new Http1Violation('expectation', 'an expectation other than 100-continue');
}
