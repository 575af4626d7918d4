import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';

/** A document of a file source is not larger; a text of this size has several hundred thousand routes. */
const MAX_BYTES = 64 * 2 ** 20;
const CHUNK_BYTES = 2 ** 20;

export interface DocumentFile {
  readonly text: string;
  /** SHA-256 of the bytes. */
  readonly hash: string;
  readonly signature: string;
}

/** Changes when the file is written, replaced or reached through another symbolic link; equal means nothing has to be read. */
export function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/**
 * Reads a file in pieces, so that a large one does not hold the event loop while it is hashed.
 * @returns `undefined` where the file was written to meanwhile
 * @throws Error where it cannot be read
 */
export async function readDocumentFile(path: string): Promise<DocumentFile | undefined> {
  const file = await open(path, 'r');
  try {
    const before = await file.stat({ bigint: true });
    if (before.size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES / 2 ** 20} MB`);
    const hash = createHash('sha256');
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES })) {
      hash.update(chunk as Buffer);
      chunks.push(chunk as Buffer);
    }
    const signature = signatureOf(before);
    if (signatureOf(await file.stat({ bigint: true })) !== signature) return undefined;
    return { text: Buffer.concat(chunks).toString('utf8'), hash: hash.digest('hex'), signature };
  } finally {
    await file.close();
  }
}
