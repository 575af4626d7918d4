import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { DeniedUpstreamError, type UpstreamGuard } from '../addresses/upstream-guard.js';
import type { UpstreamSettings, UpstreamTls } from '../ports/upstream-settings.js';
import { reachThrough } from './forward-proxy.js';

/** Where a connection is to end. Undici gives texts, and more than is asked for. */
export interface ConnectTarget {
  readonly hostname: string;
  /** With its colon: `http:`, `https:`, `ws:`, `wss:`. */
  readonly protocol: string;
  readonly port: string | number;
  /** What the socket is to read into; used for what goes to the target itself, and in clear. */
  readonly onread?: OnReadOpts;
}

/** Calls back once, later: with a connection that is ready for the first byte of a request, or with why there is none. */
export type UpstreamConnector = (target: ConnectTarget, callback: ConnectCallback) => void;
export type ConnectCallback = (...result: [null, Socket | TLSSocket] | [Error, null]) => void;

/** Too late; told from a refusal by its code. */
export class ConnectTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}

/** What a client is told of an error that kept a connection from being made. */
export function connectFailureOf(error: Error & { code?: string }): 'denied' | 'connect-timeout' | 'connect' {
  if (error instanceof DeniedUpstreamError) return 'denied';
  return error.code === 'ETIMEDOUT' ? 'connect-timeout' : 'connect';
}

/**
 * Makes connections for one pool, by way of the forward proxy where one is set. The certificate is checked against the target's
 * own name, whatever Host header a request carries.
 */
export function upstreamConnector(
  { tls, proxy }: UpstreamSettings,
  connectTimeoutMs: number,
  guard: UpstreamGuard,
  /** What is offered to a TLS server. */
  protocols: readonly string[] = ['http/1.1'],
): UpstreamConnector {
  /** Of the last connection that got one: the next handshake is shorter with it. */
  let session: Buffer | undefined;
  return ({ hostname: host, protocol, port: portText, onread }, callback) => {
    const port = Number(portText) || (isSecure(protocol) ? 443 : 80);
    if (guard.refuses(host, port)) {
      queueMicrotask(() => callback(new DeniedUpstreamError(host), null));
      return;
    }
    const through = proxy?.bypasses(host) === false ? proxy : undefined;
    const attempt = new Attempt(callback);
    const tcpPort = through?.port ?? port;
    const tcp = connectTcp({
      host: through?.host ?? host,
      port: tcpPort,
      lookup: guard.lookupFor(tcpPort),
      autoSelectFamily: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
      ...(onread && through === undefined && !isSecure(protocol) && { onread }),
    });
    attempt.follow(tcp, connectTimeoutMs, 'connection');
    tcp.once('connect', () => {
      if (through === undefined) secure();
      else reachThrough(tcp, through, host, port).then(secure, (error: Error) => attempt.fail(error));
    });
    const secure = (): void => {
      if (!isSecure(protocol)) {
        attempt.succeed(tcp);
        return;
      }
      const secured = connectTls({
        socket: tcp,
        host,
        ...(isIP(host) === 0 && { servername: host }),
        secureContext: contextOf(tls),
        rejectUnauthorized: !tls.insecure,
        ALPNProtocols: [...protocols],
        ...(session && { session }),
      });
      attempt.follow(secured, tls.handshakeTimeoutMs, 'TLS handshake');
      secured.on('session', (latest: Buffer) => (session = latest));
      secured.once('secureConnect', () => attempt.succeed(secured));
      secured.once('error', () => (session = undefined));
    };
  };
}

const KEEP_ALIVE_PROBE_MS = 60_000;

function isSecure(protocol: string): boolean {
  return protocol === 'https:' || protocol === 'wss:';
}

const contexts = new WeakMap<UpstreamTls, SecureContext>();

/** The system's authorities are many: their certificates are read once for all connections. @throws for an unusable key */
export function contextOf(tls: UpstreamTls): SecureContext {
  let context = contexts.get(tls);
  if (context === undefined) {
    const { trustedCertificates, identity } = tls;
    context = createSecureContext({
      ...(trustedCertificates.length > 0 && { ca: [...rootCertificates, ...trustedCertificates] }),
      ...identity,
    });
    contexts.set(tls, context);
  }
  return context;
}

/** One connection on its way; whatever happens first decides. */
class Attempt {
  private timer: NodeJS.Timeout | undefined;
  private socket: Socket | undefined;
  private isOver = false;
  private readonly onError = (error: Error): void => this.fail(error);
  private readonly onClose = (): void => this.fail(new Error('closed while it was being made'));

  constructor(private readonly callback: ConnectCallback) {}

  /** The step that `socket` stands for may take `limitMs` milliseconds. */
  follow(socket: Socket, limitMs: number, what: string): void {
    this.forget();
    this.socket = socket;
    socket.on('error', this.onError);
    socket.on('close', this.onClose);
    this.timer = setTimeout(() => this.fail(new ConnectTimeoutError(`no ${what} within ${limitMs} ms`)), limitMs);
  }

  succeed(socket: Socket): void {
    if (this.isOver) return;
    this.isOver = true;
    this.forget();
    this.callback(null, socket);
  }

  fail(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    const { socket } = this;
    this.forget();
    socket?.on('error', () => undefined);
    socket?.destroy();
    this.callback(error, null);
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.socket?.off('error', this.onError).off('close', this.onClose);
  }
}
