import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

/** Below this, in characters, what compression saves is not worth its time and the page would hold it anyway. */
const WORTHWHILE = 512;

/** Measured on routes: a third of the size at 0.7 KB, a tenth at 8 KB, for 20 to 60 µs; higher qualities add little. */
const OPTIONS = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 16 },
} as const;

/** @returns `body` itself where compressing it does not pay */
export function compressBody(body: string): string | Uint8Array {
  return body.length < WORTHWHILE ? body : brotliCompressSync(body, OPTIONS);
}

export function bodyText(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : brotliDecompressSync(body).toString('utf8');
}
