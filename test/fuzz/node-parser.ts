import type { MessageKind, Reading, ReadMessage } from './reading.js';

interface ParserInstance {
  [callback: number]: unknown;
  initialize(type: number, resource: object, maxHeaderSize: number, lenientFlags: number): void;
  execute(piece: Buffer): number | Error;
  finish(): Error | undefined;
  close(): void;
}

interface ParserBinding {
  readonly allMethods: readonly string[];
  readonly HTTPParser: {
    new (): ParserInstance;
    readonly REQUEST: number;
    readonly RESPONSE: number;
    readonly kOnHeaders: number;
    readonly kOnHeadersComplete: number;
    readonly kOnBody: number;
    readonly kOnMessageComplete: number;
  };
}

const { HTTPParser, allMethods } = (process as unknown as { binding(name: string): unknown }).binding(
  'http_parser',
) as ParserBinding;

const MAX_HEADER_BYTES = 1 << 20;

/** Reads one connection's bytes with the parser of `node:http`, all leniencies off. */
export function readByNode(kind: MessageKind, bytes: Buffer): Reading {
  const reading: Reading = { messages: [], end: 'incomplete' };
  const parser = new HTTPParser();
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, MAX_HEADER_BYTES, 0);
  let message: ReadMessage | undefined;
  let early: string[] = [];
  let earlyUrl = '';
  let stops = '';

  parser[HTTPParser.kOnHeaders] = (fields: string[], url: string) => {
    // Comes in the middle of a long head, and for trailers.
    if (message) {
      message.trailers = [...message.trailers, ...fields];
    } else {
      early.push(...fields);
      earlyUrl += url;
    }
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    minorVersion: number,
    fields: string[] | undefined,
    method: number,
    url: string | undefined,
    status: number,
    reason: string,
    upgrade: boolean,
    keepAlive: boolean,
  ): number => {
    message = {
      start: kind === 'request' ? [allMethods[method] ?? '', url ?? earlyUrl] : [String(status), reason],
      minorVersion,
      fields: fields ?? early,
      content: '',
      trailers: [],
    };
    early = [];
    earlyUrl = '';
    stops = upgrade ? 'upgraded' : keepAlive ? '' : 'closed';
    return 0;
  };
  parser[HTTPParser.kOnBody] = (content: Buffer) => {
    if (message) message.content += content.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    reading.messages.push(message as ReadMessage);
    message = undefined;
    if (stops === 'upgraded') reading.end = stops;
  };

  const outcome = parser.execute(bytes);
  const failure = outcome instanceof Error ? outcome : parser.finish();
  if (failure && reading.end === 'incomplete') {
    const { code } = failure as NodeJS.ErrnoException;
    if (code !== 'HPE_INVALID_EOF_STATE') reading.end = `refused: ${code}`;
  }
  parser.close();
  return reading;
}
