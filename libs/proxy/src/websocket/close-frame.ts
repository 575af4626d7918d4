import { randomBytes } from 'node:crypto';

/** Close codes of RFC 6455 and its registry that the gateway itself sends. */
export const GOING_AWAY = 1001;
export const SERVICE_RESTART = 1012;
export const MESSAGE_TOO_BIG = 1009;
const PROTOCOL_ERROR = 1002;

/** The code that one side's close is told to the other with: as it is, or 1002 where it may not be sent (as Spring does). */
export function passableCloseCode(code: number): number {
  const isRegistered = code >= 1000 && code <= 1011 && !(code >= 1004 && code <= 1006);
  return isRegistered || (code >= 3000 && code <= 4999) ? code : PROTOCOL_ERROR;
}

/** As a server sends it. */
export function closeFrame(code: number): Buffer {
  return Buffer.from([0x88, 2, code >> 8, code & 0xff]);
}

/** As a client has to send it. */
export function maskedCloseFrame(code: number): Buffer {
  const mask = randomBytes(4);
  const payload = [(code >> 8) ^ (mask[0] as number), (code & 0xff) ^ (mask[1] as number)];
  return Buffer.concat([Buffer.from([0x88, 0x82]), mask, Buffer.from(payload)]);
}
