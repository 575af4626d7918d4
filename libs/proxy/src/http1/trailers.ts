import { isToken } from './characters.js';
import { SectionReader } from './section-reader.js';
import { Http1Violation } from './violation.js';

/** Fields that say where a message ends or where it goes: they come too late in a trailer (RFC 9110 section 6.5.1). */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** False for what is no field name, or none that may come this late. */
export function isTrailerName(name: string): boolean {
  return isToken(name) && !FORBIDDEN.has(name.toLowerCase());
}

/** Reads the trailer section after a chunked body's last chunk: a section without a start line. */
export class TrailerReader extends SectionReader {
  private trailers: string[] = [];

  /** The section just completed; the reader is ready for the next one. */
  take(): string[] {
    const { trailers } = this;
    this.reset();
    return trailers;
  }

  protected override readStartLine(_chunk: Buffer, from: number): number {
    this.endStartLine();
    return from;
  }

  protected override finish(text: string): void {
    this.trailers = this.fields(text);
    for (let at = 0; at < this.trailers.length; at += 2) {
      const name = this.trailers[at] as string;
      if (FORBIDDEN.has(name.toLowerCase())) throw new Http1Violation('trailer', `${name} in a trailer`);
    }
  }
}
