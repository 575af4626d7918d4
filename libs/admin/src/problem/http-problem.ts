import type { Problem } from '@tigateway/model';

/** An error's `type` is `urn:tigateway:problem:<kind>`; kinds are stable, titles are for people. */
export interface ProblemKind {
  readonly status: number;
  readonly kind: string;
  readonly title: string;
}

/** What is wrong with a request as HTTP; what is wrong with a configuration is the domain's to say. */
export class HttpProblem extends Error {
  constructor(
    readonly kind: ProblemKind,
    detail: string,
    readonly facts: {
      readonly errors?: readonly Problem[];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
  }
}

export const MALFORMED_REQUEST = { status: 400, kind: 'malformed-request', title: 'Malformed request' };
export const MALFORMED_BODY = { status: 400, kind: 'malformed-body', title: 'The body cannot be read' };
export const UNAUTHORIZED = { status: 401, kind: 'unauthorized', title: 'Authentication required' };
export const FORBIDDEN = { status: 403, kind: 'forbidden', title: 'Refused' };
export const NOT_FOUND = { status: 404, kind: 'not-found', title: 'Not found' };
export const METHOD_NOT_ALLOWED = { status: 405, kind: 'method-not-allowed', title: 'Method not allowed' };
export const PAYLOAD_TOO_LARGE = { status: 413, kind: 'payload-too-large', title: 'The body is too large' };
export const URI_TOO_LONG = { status: 414, kind: 'uri-too-long', title: 'A part of the path is too long' };
export const UNSUPPORTED_MEDIA_TYPE = {
  status: 415,
  kind: 'unsupported-media-type',
  title: 'Unsupported media type',
};
export const INTERNAL = { status: 500, kind: 'internal', title: 'Internal error' };
export const UNAVAILABLE = { status: 503, kind: 'unavailable', title: 'Not available at the moment' };

const BY_STATUS: ReadonlyMap<number, ProblemKind> = new Map(
  [
    MALFORMED_REQUEST,
    UNAUTHORIZED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    PAYLOAD_TOO_LARGE,
    URI_TOO_LONG,
    UNSUPPORTED_MEDIA_TYPE,
    INTERNAL,
    UNAVAILABLE,
  ].map((kind) => [kind.status, kind]),
);

/** The kind of an error that the frame (Fastify, Nest) raises with nothing but a status. */
export function kindOfStatus(status: number): ProblemKind {
  return BY_STATUS.get(status) ?? (status < 500 ? { ...MALFORMED_REQUEST, status } : INTERNAL);
}
