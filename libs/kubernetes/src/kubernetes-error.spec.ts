import { describe, expect, it } from 'vitest';
import { KubernetesError } from './kubernetes-error.js';

const tooLarge = {
  reason: 'Timeout',
  details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
};

describe('what the API server refuses', () => {
  it.each([
    [409, '{"reason":"Conflict","message":"changed"}', undefined, { reason: 'Conflict', message: 'changed' }],
    [410, '{"reason":"Expired"}', undefined, { isExpired: true, message: 'the API server answered 410' }],
    [504, JSON.stringify(tooLarge), undefined, { isExpired: true, retryAfterMs: 1_000 }],
    [429, '', '3', { retryAfterMs: 3_000, isExpired: false }],
    [502, 'upstream is away\n', undefined, { reason: 'Unknown', message: 'upstream is away' }],
    [500, 'null', undefined, { reason: 'Unknown' }],
  ])('%i %s', (status, body, retryAfter, facts) => {
    expect(KubernetesError.ofAnswer(status, body, retryAfter)).toMatchObject({ status, ...facts });
  });

  it.each([
    [Object.assign(new Error('no answer'), { code: 'UND_ERR_HEADERS_TIMEOUT' }), 'Timeout'],
    [new DOMException('timed out', 'TimeoutError'), 'Timeout'],
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'Unreachable'],
  ])('says of %s that the server was not reached', (cause, reason) => {
    const error = KubernetesError.notReached('GET /x', cause);
    expect(error).toMatchObject({ status: 0, reason, message: `GET /x: ${cause.message}`, cause });
  });
});
