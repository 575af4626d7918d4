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

  it.each([0, 3, 20])('says where a frame that is too long began, cut after %i bytes', (cut) => {
    const boundary = new FrameBoundary(10);
    const bytes = Buffer.concat([frame(10, true), frame(11, true)]);
    if (cut > 0) boundary.pass(bytes.subarray(0, cut));
    boundary.pass(bytes.subarray(cut));
    expect(boundary.tooLongAt).toBe(16 - cut);
    expect(boundary.isHere).toBe(true);
  });

  it.each([false, true])('replaces a close code that may not be sent, masked: %s', (masked) => {
    const mask = masked ? [0x12, 0x34, 0x56, 0x78] : [];
    const close = (code: number): Buffer => {
      const payload = [code >> 8, code & 0xff, 0x68].map((byte, at) => byte ^ (mask[at] ?? 0));
      return Buffer.from([0x88, (masked ? 0x80 : 0) | 3, ...mask, ...payload]);
    };
    for (const [code, passed] of [
      [1005, 1002],
      [999, 1002],
      [1012, 1002],
      [1000, 1000],
      [4000, 4000],
    ] as const) {
      const bytes = close(code);
      new FrameBoundary().pass(bytes);
      expect(bytes).toEqual(close(passed));
    }
  });
});
