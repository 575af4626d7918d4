import { CR, DIGIT, FIELD_VALUE, isOf, LF, SP } from './characters.js';
import { type BodyFraming, CHUNKED, NO_BODY, UNTIL_CLOSE } from './framing.js';
import { gatherFacts, type HeadFacts } from './head-facts.js';
import { SectionReader } from './section-reader.js';
import { checkVersionByte } from './version.js';
import { Http1Violation } from './violation.js';

/** A response without its content. */
export interface ResponseHead {
  /** 100 to 599. */
  readonly status: number;
  readonly reason: string;
  readonly minorVersion: number;
  /** `[name, value, …]`, in order, names in the case sent. */
  readonly fields: string[];
  readonly body: BodyFraming;
  /** The connection may carry another response after this one. */
  readonly persistent: boolean;
}

const VERSION = 0;
const STATUS = 1;
const AFTER_STATUS = 2;
const REASON = 3;
const LINE_FEED = 4;

/** Bytes of `HTTP/1.1 `. */
const BEFORE_STATUS = 9;
const STATUS_END = BEFORE_STATUS + 3;

/** Reads status lines and header sections, one after the other. */
export class ResponseHeadReader extends SectionReader {
  private part = VERSION;
  private reasonEnd = 0;
  private text = '';

  /**
   * The head just completed; the reader is ready for the next one.
   * @param requestMethod of the request that it answers: what HEAD gets has no content
   * @throws Http1Violation where the fields contradict each other
   */
  take(requestMethod: string): ResponseHead {
    const { text } = this;
    const fields = this.fields(text);
    const facts = gatherFacts(fields);
    const version = text.substring(0, 8);
    if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0')
      throw new Http1Violation('version', 'neither HTTP/1.1 nor HTTP/1.0');
    const minorVersion = version === 'HTTP/1.1' ? 1 : 0;
    const status = statusAt(text);
    const body = responseBody(facts, status, requestMethod, minorVersion);
    const reason = text.slice(STATUS_END + 1, this.reasonEnd);
    this.reset();
    return {
      status,
      reason,
      minorVersion,
      fields,
      body,
      persistent:
        !facts.close &&
        (minorVersion === 1 || facts.keepAlive) &&
        body.kind !== 'until-close' &&
        !announcesForbiddenBody(facts, status),
    };
  }

  override reset(): void {
    super.reset();
    this.part = VERSION;
    this.text = '';
  }

  protected override readStartLine(chunk: Buffer, from: number, stop: number, origin: number): number {
    let at = from;
    while (at < stop) {
      const byte = chunk[at];
      switch (this.part) {
        case VERSION:
          if (at + origin < BEFORE_STATUS - 1) checkVersionByte(byte, at + origin);
          else if (byte !== SP) throw new Http1Violation('status-line', 'no space after the version');
          else this.part = STATUS;
          at++;
          break;
        case STATUS:
          if (!isOf(DIGIT, byte)) throw new Http1Violation('status-line', 'a status that is no number');
          at++;
          if (at + origin === STATUS_END) this.part = AFTER_STATUS;
          break;
        case AFTER_STATUS:
          // The space must be there even without a reason; that some leave it out can be read in no second way.
          if (byte !== SP && byte !== CR) throw new Http1Violation('status-line', 'a status of more than three digits');
          this.reasonEnd = at + origin;
          this.part = byte === SP ? REASON : LINE_FEED;
          at++;
          break;
        case REASON: {
          const { maxStatusLineBytes } = this.limits;
          const lineStop = Math.min(stop, maxStatusLineBytes - origin);
          while (at < lineStop && isOf(FIELD_VALUE, chunk[at])) at++;
          if (at === stop) break;
          if (at === lineStop && chunk[at] !== CR) {
            throw new Http1Violation('line-length', `a status line of more than ${maxStatusLineBytes} bytes`);
          }
          if (chunk[at] !== CR) throw new Http1Violation('status-line', 'a byte that no reason phrase may hold');
          this.reasonEnd = at + origin;
          this.part = LINE_FEED;
          at++;
          break;
        }
        default:
          if (byte !== LF) throw new Http1Violation('line-end', 'CR without LF');
          this.endStartLine();
          return at + 1;
      }
    }
    return at;
  }

  protected override finish(text: string): void {
    const firstDigit = text.charCodeAt(BEFORE_STATUS) - 0x30;
    if (firstDigit < 1 || firstDigit > 5) throw new Http1Violation('status-line', 'a status outside 100 to 599');
    this.text = text;
  }
}

/** Its three characters were read as digits. */
function statusAt(text: string): number {
  const digit = (place: number): number => text.charCodeAt(BEFORE_STATUS + place) - 0x30;
  return digit(0) * 100 + digit(1) * 10 + digit(2);
}

function responseBody(facts: HeadFacts, status: number, requestMethod: string, minorVersion: number): BodyFraming {
  if (facts.chunked && minorVersion === 0) {
    throw new Http1Violation('transfer-encoding', 'a transfer encoding in HTTP/1.0');
  }
  if (status < 200) {
    // Its content would be read as the final response, or the other way round.
    if (facts.chunked || facts.contentLength)
      throw new Http1Violation('content-length', 'an interim response with content');
    if (minorVersion === 0) throw new Http1Violation('status-line', 'an interim response in HTTP/1.0, which has none');
  }
  if (requestMethod === 'HEAD' || hasNoContent(status)) return NO_BODY;
  if (facts.chunked) return CHUNKED;
  if (facts.contentLength === undefined) return UNTIL_CLOSE;
  return facts.contentLength === 0 ? NO_BODY : { kind: 'length', length: facts.contentLength };
}

/** RFC 9110 section 6.4.1. */
export function hasNoContent(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/**
 * A 204 with a framing field: its sender may be about to send content that we must not see as the next response.
 * A 304's and HEAD's fields are about the content that is not sent.
 */
function announcesForbiddenBody(facts: HeadFacts, status: number): boolean {
  return status === 204 && (facts.chunked || Boolean(facts.contentLength));
}
