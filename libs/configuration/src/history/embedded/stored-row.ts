import { crc32 } from 'node:zlib';

export type KeyValue = string | number;

/** What `selectSql` reads: the key's values joined by NUL, the body, the check sum. */
export type StoredRow = readonly [key: Uint8Array, body: Uint8Array, crc: number];

/** CRC-32 over key and body: a flipped bit that SQLite's own structure check cannot see is found when the row is read. */
export function checkSum(key: Uint8Array | string, body: Uint8Array): number {
  return crc32(body, crc32(key));
}

export function keyBytes(key: readonly KeyValue[]): string {
  return key.join('\u0000');
}

export function isIntact([key, body, crc]: StoredRow): boolean {
  return checkSum(key, body) === crc;
}
