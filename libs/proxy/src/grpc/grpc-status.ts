/** gRPC's status codes by number, and the HTTP status that tells of each; as grpc-gateway maps them. */
const STATUSES: readonly (readonly [name: string, httpStatus: number])[] = [
  ['OK', 200],
  ['CANCELLED', 499],
  ['UNKNOWN', 500],
  ['INVALID_ARGUMENT', 400],
  ['DEADLINE_EXCEEDED', 504],
  ['NOT_FOUND', 404],
  ['ALREADY_EXISTS', 409],
  ['PERMISSION_DENIED', 403],
  ['RESOURCE_EXHAUSTED', 429],
  ['FAILED_PRECONDITION', 400],
  ['ABORTED', 409],
  ['OUT_OF_RANGE', 400],
  ['UNIMPLEMENTED', 501],
  ['INTERNAL', 500],
  ['UNAVAILABLE', 503],
  ['DATA_LOSS', 500],
  ['UNAUTHENTICATED', 401],
];

export function httpStatusOf(grpcStatus: number): number {
  return STATUSES[grpcStatus]?.[1] ?? 500;
}

export function grpcStatusName(grpcStatus: number): string {
  return STATUSES[grpcStatus]?.[0] ?? 'UNKNOWN';
}
