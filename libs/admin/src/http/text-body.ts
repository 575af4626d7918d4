import { HttpProblem, MALFORMED_BODY, UNSUPPORTED_MEDIA_TYPE } from '../problem/http-problem.js';

/** A body may hold this many bytes; more is answered with 413. */
export const MAX_BODY_BYTES = 1_048_576;

/** The media types that are read at all; which of them a call takes is the call's own affair. */
export const JSON_MEDIA_TYPE = /^application\/json\s*(;|$)/i;
export const YAML_MEDIA_TYPE = /^(application|text)\/(x-)?yaml\s*(;|$)/i;

/** A request body before anyone has read it as a document or a value. */
export interface TextBody {
  readonly format: 'json' | 'yaml';
  readonly text: string;
}

/** @throws HttpProblem 415 for an encoding that is not ours, 400 for bytes that are no UTF-8 */
export function textOf(bytes: Buffer, contentType: string, contentEncoding: string | undefined): string {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8') {
    throw new HttpProblem(UNSUPPORTED_MEDIA_TYPE, `the charset ${charset} is not supported; send UTF-8`);
  }
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw new HttpProblem(UNSUPPORTED_MEDIA_TYPE, `the content encoding ${contentEncoding} is not supported`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new HttpProblem(MALFORMED_BODY, 'the body is no UTF-8');
  }
}
