const BYTES = 24 * 1024 * 1024;

/**
 * Has the C library keep what is freed at the end of its heap. By itself it gives that back to the system whenever 128 KiB are
 * free, only to ask for it again, page by page, with the next buffer: while large bodies pass through, a thousand times a second.
 * Once a piece that it had mapped by itself is freed, glibc takes twice that piece's size as its limit (mallopt(3),
 * `M_MMAP_THRESHOLD`). The piece is never written to, so it costs no memory; a later collection frees it.
 */
export function keepFreedMemory(): void {
  Buffer.allocUnsafeSlow(BYTES);
}
