import { type ClientHttp2Session, connect as connectHttp2, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { UpstreamTarget } from '@tigateway/routing';
import type { UpstreamGuard } from '../addresses/upstream-guard.js';
import { connectFailureOf, upstreamConnector } from '../connect/upstream-connector.js';
import { UpstreamError } from '../ports/upstream-client.js';
import type { UpstreamSettings } from '../ports/upstream-settings.js';

/** One request that has one response. */
export interface UnaryCall {
  readonly target: UpstreamTarget;
  readonly settings: UpstreamSettings;
  readonly connectTimeoutMs: number;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly message: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
  /** To the end of the response, in milliseconds; 0 for none. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface UnaryResult {
  /** gRPC's status; 0 is well. */
  readonly status: number;
  readonly statusMessage: string;
  readonly message: Buffer;
}

/** A message of the response that is larger is refused: gRPC's own default. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const IDLE_MS = 60_000;
const PREFIX_BYTES = 5;

/**
 * Unary gRPC over HTTP/2, on connections that are made as those of all upstreams are: by the same settings, past the same guard.
 * One connection to a target carries all calls.
 */
export class GrpcClient {
  private readonly sessions = new WeakMap<UpstreamSettings, Map<string, Promise<ClientHttp2Session>>>();
  private readonly open = new Set<ClientHttp2Session>();

  constructor(private readonly guard: UpstreamGuard) {}

  /** @throws UpstreamError where there is no whole response */
  async unary(call: UnaryCall): Promise<UnaryResult> {
    const session = await this.sessionFor(call);
    if (call.signal.aborted) throw new UpstreamError('request-body', 'nobody waits any more');
    return new Promise((resolve, reject) => begin(session, call, resolve, reject));
  }

  close(): void {
    for (const session of this.open) session.destroy();
  }

  private sessionFor({ target, settings, connectTimeoutMs }: UnaryCall): Promise<ClientHttp2Session> {
    const key = `${target.scheme}://${target.host}:${target.port}`;
    let sessions = this.sessions.get(settings);
    if (sessions === undefined)
      this.sessions.set(settings, (sessions = new Map<string, Promise<ClientHttp2Session>>()));
    const known = sessions.get(key);
    if (known !== undefined) return known;
    const all = sessions;
    const forget = (): void => {
      if (all.get(key) === made) all.delete(key);
    };
    const made = this.connect(target, settings, connectTimeoutMs, forget);
    all.set(key, made);
    made.catch(forget);
    return made;
  }

  private async connect(
    target: UpstreamTarget,
    settings: UpstreamSettings,
    connectTimeoutMs: number,
    forget: () => void,
  ): Promise<ClientHttp2Session> {
    const socket = await new Promise<Duplex>((resolve, reject) => {
      const { host: hostname, port, scheme } = target;
      upstreamConnector(settings, connectTimeoutMs, this.guard, ['h2'])(
        { hostname, port, protocol: `${scheme}:` },
        (error, connected) => {
          if (error === null) resolve(connected);
          else reject(new UpstreamError(connectFailureOf(error), error.message, { cause: error }));
        },
      );
    });
    const session = connectHttp2(`${target.scheme}://${target.authority}`, { createConnection: () => socket });
    this.open.add(session);
    session.setTimeout(IDLE_MS, () => session.close());
    session.on('goaway', forget);
    // What a call that is under way has to know, its own stream tells.
    session.on('error', forget);
    session.on('close', () => {
      forget();
      this.open.delete(session);
    });
    return session;
  }
}

function begin(
  session: ClientHttp2Session,
  { target, path, message, metadata, timeoutMs, signal }: UnaryCall,
  resolve: (result: UnaryResult) => void,
  reject: (error: UpstreamError) => void,
): void {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    ':scheme': target.scheme,
    ':authority': target.authority,
    ...metadata,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(timeoutMs > 0 && { 'grpc-timeout': `${timeoutMs}m` }),
  });
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = timeoutMs > 0 ? setTimeout(() => late(), timeoutMs) : undefined;
  const fail = (failure: UpstreamError['failure'], text: string, cause?: Error): void => {
    clearTimeout(timer);
    stream.close(constants.NGHTTP2_CANCEL);
    reject(new UpstreamError(failure, text, cause && { cause }));
  };
  const late = (): void => fail('response-timeout', `no response within ${timeoutMs} ms`);
  signal.addEventListener('abort', () => fail('request-body', 'nobody waits any more'), { once: true });
  stream.on('response', (headers) => (head = headers));
  stream.on('trailers', (headers: IncomingHttpHeaders) => (trailers = headers));
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_MESSAGE_BYTES + PREFIX_BYTES) fail('protocol', 'a gRPC message that is too large');
    else chunks.push(chunk);
  });
  stream.on('error', (error: Error) => fail('reset', error.message, error));
  stream.on('close', () => {
    clearTimeout(timer);
    const result = resultOf(head, trailers, Buffer.concat(chunks));
    if (result === undefined)
      reject(new UpstreamError('protocol', `not an answer of gRPC: HTTP status ${String(head[':status'])}`));
    else resolve(result);
  });
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([prefix, message]));
}

/** @returns `undefined`: that was no gRPC */
function resultOf(head: IncomingHttpHeaders, trailers: IncomingHttpHeaders, body: Buffer): UnaryResult | undefined {
  // An answer without a message has its status in the head.
  const status = Number(trailers['grpc-status'] ?? head['grpc-status'] ?? NaN);
  if (!Number.isInteger(status)) return undefined;
  const statusMessage = decodeMessage(String(trailers['grpc-message'] ?? head['grpc-message'] ?? ''));
  if (status !== 0) return { status, statusMessage, message: Buffer.alloc(0) };
  if (body.length < PREFIX_BYTES || body[0] !== 0) return undefined;
  const end = PREFIX_BYTES + body.readUInt32BE(1);
  if (body.length !== end) return undefined;
  return { status, statusMessage, message: body.subarray(PREFIX_BYTES, end) };
}

function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
