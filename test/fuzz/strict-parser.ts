import {
  BodyReader,
  DEFAULT_LIMITS,
  Http1Violation,
  type RequestHead,
  RequestHeadReader,
  type ResponseHead,
  ResponseHeadReader,
} from '../../libs/proxy/src/http1/index.js';
import type { MessageKind, Reading, ReadMessage } from './reading.js';

/** Reads one connection's bytes, in the pieces given, with the parser under test. */
export function readStrictly(kind: MessageKind, pieces: readonly Buffer[]): Reading {
  const connection = new Connection(kind);
  try {
    for (const piece of pieces) connection.feed(piece);
    connection.finish();
  } catch (error) {
    if (!(error instanceof Http1Violation)) throw error;
    connection.reading.end = `refused: ${error.code}`;
  }
  return connection.reading;
}

class Connection {
  readonly reading: Reading = { messages: [], end: 'incomplete' };
  private readonly requests = new RequestHeadReader(DEFAULT_LIMITS);
  private readonly responses = new ResponseHeadReader(DEFAULT_LIMITS);
  private body: BodyReader | undefined;
  private message: ReadMessage | undefined;
  private last = false;
  private upgraded = false;

  constructor(private readonly kind: MessageKind) {}

  feed(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && this.reading.end === 'incomplete') at = this.step(piece, at);
  }

  finish(): void {
    if (this.body?.endsWithConnection && this.reading.end === 'incomplete') this.endMessage();
  }

  private step(piece: Buffer, from: number): number {
    if (this.body) {
      const { message } = this;
      const end = this.body.read(piece, from, {
        onContent: (content) => {
          if (message) message.content += content.toString('latin1');
        },
      });
      if (this.body.complete) this.endMessage();
      return end;
    }
    if (this.kind === 'request') {
      const end = this.requests.read(piece, from);
      if (this.requests.complete) this.beginRequest(this.requests.take());
      return end;
    }
    const end = this.responses.read(piece, from);
    if (this.responses.complete) this.beginResponse(this.responses.take('GET'));
    return end;
  }

  private beginRequest(head: RequestHead): void {
    this.last = !head.persistent;
    this.upgraded = head.upgrade !== undefined;
    this.begin([head.method, head.target], head);
  }

  private beginResponse(head: ResponseHead): void {
    this.last = !head.persistent && head.status >= 200;
    this.upgraded = head.status === 101;
    this.begin([String(head.status), head.reason], head);
  }

  private begin(start: readonly [string, string], head: RequestHead | ResponseHead): void {
    this.message = { start, minorVersion: head.minorVersion, fields: head.fields, content: '', trailers: [] };
    this.body = new BodyReader(head.body, DEFAULT_LIMITS);
    if (this.body.complete) this.endMessage();
  }

  private endMessage(): void {
    const message = this.message as ReadMessage;
    message.trailers = this.body?.trailers ?? [];
    this.reading.messages.push(message);
    this.body = undefined;
    if (this.upgraded) this.reading.end = 'upgraded';
    else if (this.last) this.reading.end = 'closed';
  }
}
