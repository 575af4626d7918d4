import type { ConfigurationKey } from '@tigateway/model';
import type { FastifyRequest } from 'fastify';
import { HttpProblem, MALFORMED_REQUEST } from '../problem/http-problem.js';
import { ConfigurationPreconditionError } from '@tigateway/model';

const STRONG_TAG = /^"([\x21\x23-\x7e\x80-\xff]*)"$/;
const ANY_TAG = /^(W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
const MAX_REASON_LENGTH = 1_024;

export function etagOf(version: string): string {
  return `"${version}"`;
}

/** What a write asks of the version in force. */
export interface Preconditions {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: boolean;
}

/**
 * Reads `If-Match` and `If-None-Match` of a write. Of several tags in `If-Match` the one in force is taken, so that the
 * writer need only compare one; weak tags never match.
 * @throws HttpProblem 400 for what is no tag; ConfigurationPreconditionError where no tag can match
 */
export function preconditionsOf(
  headers: FastifyRequest['headers'],
  key: ConfigurationKey,
  currentVersion: string | undefined,
): Preconditions {
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw new HttpProblem(MALFORMED_REQUEST, 'a write takes If-None-Match: * only');
  }
  const ifMatch = headers['if-match']?.trim();
  return {
    ...(ifMatch !== undefined && { ifMatch: ifMatch === '*' ? '*' : matchedTag(ifMatch, key, currentVersion) }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch: true }),
  };
}

function matchedTag(header: string, key: ConfigurationKey, currentVersion: string | undefined): string {
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => ANY_TAG.test(tag))) {
    throw new HttpProblem(MALFORMED_REQUEST, 'If-Match takes * or versions in double quotes, as ETag shows them');
  }
  const versions = tags.flatMap((tag) => STRONG_TAG.exec(tag)?.[1] ?? []);
  const matched = versions.find((version) => version === currentVersion) ?? versions[0];
  if (matched === undefined) throw new ConfigurationPreconditionError(key, currentVersion);
  return matched;
}

/** True: the client's copy is the one in force (`If-None-Match` of a read, compared weakly). */
export function isNotModified(headers: FastifyRequest['headers'], etag: string): boolean {
  const header = headers['if-none-match'];
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

/** A batch says its preconditions per change; a header would silently bind none of them. */
export function refusePreconditions(headers: FastifyRequest['headers']): void {
  if (headers['if-match'] === undefined && headers['if-none-match'] === undefined) return;
  throw new HttpProblem(MALFORMED_REQUEST, 'a batch takes "ifMatch" in each change, not If-Match or If-None-Match');
}

/** Who asks and why, as history and notifications show it. */
export function writeOptionsOf(request: FastifyRequest): { actor: string; reason?: string } {
  const reason = request.headers['x-change-reason'];
  const who = request.headers.authorization === undefined ? 'anonymous' : 'admin';
  return {
    actor: `${who}@${request.ip}`,
    ...(typeof reason === 'string' && reason !== '' && { reason: reasonOf(reason) }),
  };
}

/** Header values come as Latin-1; most clients mean UTF-8. */
function reasonOf(header: string): string {
  if (header.length > MAX_REASON_LENGTH) {
    throw new HttpProblem(MALFORMED_REQUEST, `X-Change-Reason holds more than ${MAX_REASON_LENGTH} bytes`);
  }
  const bytes = Buffer.from(header, 'latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return header;
  }
}
