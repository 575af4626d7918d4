import { setTimeout } from 'node:timers/promises';
import type { HttpProbe } from './http-probe.js';

/** Asks for the probe's route, which redirects, and leaves a millisecond to the next. @returns how long it took, in milliseconds */
export async function pacedProbe(traffic: HttpProbe): Promise<number> {
  const startedMs = performance.now();
  const { status } = await traffic.send('GET', '/probe');
  const ms = performance.now() - startedMs;
  if (status !== 302) throw new Error(`the probe's route answers ${status}`);
  await setTimeout(1);
  return ms;
}
