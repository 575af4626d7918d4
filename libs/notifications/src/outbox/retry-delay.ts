import type { DeliveryRetrySettings } from '../settings/channel.settings.js';

/**
 * How long to wait after an attempt that failed, in milliseconds. Between half and all of the back-off, so that what failed
 * together does not come again together.
 * @param attempts made so far, at least 1
 * @param random from 0 to 1
 */
export function retryDelayMs(
  { backoff, initialDelayMs, maxDelayMs }: DeliveryRetrySettings,
  attempts: number,
  random: number,
): number {
  const factor = backoff === 'exponential' ? 2 ** Math.min(attempts - 1, 30) : 1;
  return Math.min(initialDelayMs * factor, maxDelayMs) * (0.5 + random / 2);
}
