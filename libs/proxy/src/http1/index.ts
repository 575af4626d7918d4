export { BodyReader, type ContentSink } from './body-reader.js';
export { type BodyFraming } from './framing.js';
export { chunkHead, fieldLine, requestLine, statusLine, UnwritableHeadError } from './head-writer.js';
export { DEFAULT_LIMITS, type Http1Limits } from './limits.js';
export { type RequestHead, RequestHeadReader } from './request-head.js';
export { hasNoContent, type ResponseHead, ResponseHeadReader } from './response-head.js';
export { Http1Violation, type ViolationCode } from './violation.js';
