/** The status that a server answers a refused request with; all of them end the connection. */
export const VIOLATION_STATUS = {
  'request-line': 400,
  'status-line': 400,
  target: 400,
  method: 501,
  'version-form': 400,
  version: 505,
  'field-name': 400,
  'field-value': 400,
  'line-end': 400,
  'line-folding': 400,
  host: 400,
  'content-length': 400,
  'transfer-encoding': 400,
  'transfer-coding': 501,
  connection: 400,
  expectation: 417,
  chunk: 400,
  'chunk-extension': 413,
  trailer: 400,
  'target-length': 414,
  'line-length': 431,
  'field-count': 431,
  'head-length': 431,
  'body-length': 413,
} as const;

export type ViolationCode = keyof typeof VIOLATION_STATUS;

/**
 * A message that RFC 9112 or a limit refuses. After it the connection's bytes mean nothing any more: whoever catches it
 * closes the connection and never looks for the next message.
 */
export class Http1Violation extends Error {
  constructor(
    readonly code: ViolationCode,
    message: string,
  ) {
    super(message);
    this.name = 'Http1Violation';
  }

  /** As a server answers it; a violation by an upstream is a bad gateway instead. */
  get status(): number {
    return VIOLATION_STATUS[this.code];
  }
}
