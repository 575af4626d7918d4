import { UpstreamError, type UpstreamFailure } from '../ports/upstream-client.js';

/*
 * Spring Cloud Gateway's definitions name failures by Java class (`Retry`), and its fallback routes are told them
 * (`FallbackHeaders`). This is what each of ours is called there.
 */

const CONNECT = 'java.net.ConnectException';
const IO = 'java.io.IOException';
const EXCEPTION = 'java.lang.Exception';
const RUNTIME = 'java.lang.RuntimeException';
const TIMEOUT = 'java.util.concurrent.TimeoutException';
const STATUS = 'org.springframework.web.server.ResponseStatusException';

export const IO_EXCEPTION = IO;
export const GATEWAY_TIMEOUT_EXCEPTION = 'org.springframework.cloud.gateway.support.TimeoutException';
export const CALL_NOT_PERMITTED_EXCEPTION = 'io.github.resilience4j.circuitbreaker.CallNotPermittedException';
export const TIME_LIMIT_EXCEPTION = TIMEOUT;

/** Each class with the one it extends. */
const PARENTS: Readonly<Record<string, string | undefined>> = Object.assign(
  Object.create(null) as Record<string, string>,
  {
    'io.netty.channel.ConnectTimeoutException': CONNECT,
    [CONNECT]: 'java.net.SocketException',
    'java.net.SocketException': IO,
    'java.net.UnknownHostException': IO,
    'javax.net.ssl.SSLException': IO,
    'reactor.netty.http.client.PrematureCloseException': IO,
    [IO]: EXCEPTION,
    [GATEWAY_TIMEOUT_EXCEPTION]: EXCEPTION,
    'reactor.pool.PoolAcquireTimeoutException': TIMEOUT,
    [TIMEOUT]: EXCEPTION,
    'org.springframework.cloud.gateway.support.NotFoundException': STATUS,
    'org.springframework.web.server.ServerWebInputException': STATUS,
    [STATUS]: RUNTIME,
    [CALL_NOT_PERMITTED_EXCEPTION]: RUNTIME,
    'io.netty.handler.codec.DecoderException': RUNTIME,
    'java.lang.SecurityException': RUNTIME,
    [RUNTIME]: EXCEPTION,
    [EXCEPTION]: 'java.lang.Throwable',
    'java.lang.Throwable': '',
  },
);

const CLASS_OF: Readonly<Record<UpstreamFailure, string>> = {
  connect: CONNECT,
  'connect-timeout': 'io.netty.channel.ConnectTimeoutException',
  'pool-exhausted': 'reactor.pool.PoolAcquireTimeoutException',
  'no-instance': 'org.springframework.cloud.gateway.support.NotFoundException',
  denied: 'java.lang.SecurityException',
  reset: 'reactor.netty.http.client.PrematureCloseException',
  'response-timeout': GATEWAY_TIMEOUT_EXCEPTION,
  protocol: 'io.netty.handler.codec.DecoderException',
  'request-body': 'org.springframework.web.server.ServerWebInputException',
};

/** What a failure of the gateway's own is called in Java. */
export interface NamedInJava {
  readonly javaClass: string;
}

/** Every class that a definition may name. */
export const JAVA_EXCEPTIONS: readonly string[] = Object.keys(PARENTS);

export function javaClassOf(error: unknown): string {
  if (error instanceof UpstreamError) {
    return error.failure === 'connect' ? classOfConnectFailure(error.cause) : CLASS_OF[error.failure];
  }
  if (error instanceof Error && 'javaClass' in error) return (error as NamedInJava).javaClass;
  return STATUS;
}

/** True where the failure is of one of these classes or of one that extends it. */
export function isOneOf(error: unknown, classes: ReadonlySet<string>): boolean {
  for (let name: string | undefined = javaClassOf(error); name; name = PARENTS[name]) {
    if (classes.has(name)) return true;
  }
  return false;
}

function classOfConnectFailure(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'java.net.UnknownHostException';
  return /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_|UNABLE_|SELF_SIGNED|EPROTO)/.test(code)
    ? 'javax.net.ssl.SSLException'
    : CONNECT;
}
