import { formatDurationMs } from '@tigateway/model';

/** An attempt that failed, said for the person who looks after the channel: neither the target nor what it answered is in it. */
export class DeliveryError extends Error {
  /** @param retryAfterMs how long the receiver asks to be left alone, in milliseconds */
  constructor(
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = 'DeliveryError';
  }
}

const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ECONNECTION: 'the connection broke',
  ESOCKET: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve at the moment',
  EDNS: 'the host name does not resolve',
  ENETUNREACH: 'there is no way to the host',
  EHOSTUNREACH: 'there is no way to the host',
  TARGET_DENIED: 'the host resolves to an address that no channel may connect to',
  EAUTH: 'the server refused the credentials',
  ETLS: 'the server does not offer what the channel needs of TLS',
  EENVELOPE: 'the server refused the sender or a recipient',
  EMESSAGE: 'the server refused the message',
  EPROTOCOL: 'the server does not speak the protocol',
};
const TIMEOUTS: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

interface Failure {
  readonly name?: string;
  readonly code?: unknown;
  /** What a mail library's own code covers up. */
  readonly originalCode?: unknown;
  readonly responseCode?: number;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** What went wrong, by the failure's code alone: messages of the platform name hosts and addresses. */
export function failureText(error: unknown, timeoutMs: number): string {
  if (error instanceof DeliveryError) return error.message;
  const { name, code: ownCode, originalCode: code = ownCode, responseCode, cause, errors } = error as Failure;
  // Several addresses were tried, each for its own reason.
  if (errors?.length) return failureText(errors[0], timeoutMs);
  const text = typeof code === 'string' ? code : '';
  if (name === 'TimeoutError' || TIMEOUTS.has(text)) return `no answer within ${formatDurationMs(timeoutMs)}`;
  if (name === 'HTTPParserError') return 'its answer is no HTTP';
  if (name === 'AbortError') return cause === undefined ? 'it was ended' : failureText(cause, timeoutMs);
  if (/CERT|SELF_SIGNED|ISSUER|SIGNATURE/.test(text)) return `the TLS certificate was not accepted (${text})`;
  if (text === 'EPROTO' || text.startsWith('ERR_SSL') || text.startsWith('ERR_TLS')) return `TLS failed (${text})`;
  const meaning = MEANINGS[text];
  if (meaning !== undefined) return responseCode === undefined ? meaning : `${meaning} (${responseCode})`;
  return cause === undefined ? `it failed (${text || name || 'unknown'})` : failureText(cause, timeoutMs);
}
