import { describe, expect, it } from 'vitest';
import { FrameBoundary } from './frame-boundary.js';

function frame(length: number, masked: boolean): Buffer {
  const mask = masked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([0x82, mask | length])
      : length < 65_536
        ? Buffer.from([0x82, mask | 126, length >> 8, length & 0xff])
        : Buffer.from([0x82, mask | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), Buffer.alloc(length, 0xff)]);
}

describe('FrameBoundary', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 100_000])(
    'finds the end of a frame of %i bytes, cut anywhere',
    (length) => {
      for (const masked of [false, true]) {
        const bytes = frame(length, masked);
        for (const cut of [1, 2, 3, 4, 8, 10, 13, 14, bytes.length - 1].filter((at) => at < bytes.length)) {
          const boundary = new FrameBoundary();
          expect(boundary.pass(bytes.subarray(0, cut))).toBe(-1);
          expect(boundary.isHere).toBe(false);
          expect(boundary.pass(Buffer.concat([bytes.subarray(cut), frame(5, masked).subarray(0, 3)]))).toBe(
            bytes.length - cut,
          );
          expect(boundary.isHere).toBe(false);
        }
      }
    },
  );
});
