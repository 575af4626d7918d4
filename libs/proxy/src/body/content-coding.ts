import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, deflate, gunzip, gzip, inflate } from 'node:zlib';

interface Coding {
  decode(body: Buffer, maxBytes: number): Promise<Buffer>;
  encode(body: Buffer): Promise<Buffer>;
}

type Zlib = (body: Buffer, options: { maxOutputLength?: number }) => Promise<Buffer>;

function coding(decode: Zlib, encode: Zlib): Coding {
  return {
    decode: (body, maxBytes) => decode(body, { maxOutputLength: maxBytes }),
    encode: (body) => encode(body, {}),
  };
}

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ['gzip', coding(promisify(gunzip), promisify(gzip))],
  ['x-gzip', coding(promisify(gunzip), promisify(gzip))],
  ['br', coding(promisify(brotliDecompress), promisify(brotliCompress))],
  ['deflate', coding(promisify(inflate), promisify(deflate))],
  ['identity', { decode: (body) => Promise.resolve(body), encode: (body) => Promise.resolve(body) }],
]);

/** How a body of that `Content-Encoding` is read and written; `undefined` where nobody here can. */
export function codingOf(contentEncoding: string | undefined): Coding | undefined {
  return CODINGS.get((contentEncoding ?? 'identity').trim().toLowerCase());
}
