import { ExchangeError } from '@tigateway/routing';
import { UpstreamError, type UpstreamFailure } from '../ports/upstream-client.js';

/** `precise`: 502, 503 and 504 by cause; `scg`: Spring Cloud Gateway's 500 for all but the response timeout. */
export type ErrorStatusMode = 'precise' | 'scg';

const PRECISE = {
  connect: 502,
  'connect-timeout': 504,
  'pool-exhausted': 503,
  'no-instance': 503,
  denied: 502,
  reset: 502,
  'response-timeout': 504,
  protocol: 502,
  'request-body': 400,
} as const satisfies Record<UpstreamFailure, number>;

const SAME_IN_SCG: Partial<Record<UpstreamFailure, true>> = {
  'response-timeout': true,
  'no-instance': true,
  'request-body': true,
};

/** The status that tells a client of a failure. @param use404 a service without an instance is 404 */
export function statusOfFailure(error: unknown, mode: ErrorStatusMode, use404 = false): number {
  if (error instanceof UpstreamError) {
    if (use404 && error.failure === 'no-instance') return 404;
    if (mode === 'scg' && SAME_IN_SCG[error.failure] === undefined) return 500;
    return PRECISE[error.failure];
  }
  return error instanceof ExchangeError ? error.status : 500;
}
