/** What one message may cost before it is refused. */
export interface Http1Limits {
  /** Start line and header section, in bytes; also the trailer section. */
  readonly maxHeadBytes: number;
  /** The request target, in bytes. */
  readonly maxTargetBytes: number;
  /** A status line, in bytes without its line end. */
  readonly maxStatusLineBytes: number;
  /** One field line, in bytes without its line end. */
  readonly maxLineBytes: number;
  /** Field lines of a header section; also of a trailer section. */
  readonly maxFields: number;
  /** Content of one message, in bytes after chunked coding is taken off; `Infinity` for none. */
  readonly maxBodyBytes: number;
  /** Chunk extensions of one message, in bytes altogether. */
  readonly maxChunkExtensionBytes: number;
}

export const DEFAULT_LIMITS: Http1Limits = {
  maxHeadBytes: 16 * 1024,
  maxTargetBytes: 8 * 1024,
  maxStatusLineBytes: 8 * 1024,
  maxLineBytes: 8 * 1024,
  maxFields: 100,
  maxBodyBytes: Infinity,
  maxChunkExtensionBytes: 4 * 1024,
};
