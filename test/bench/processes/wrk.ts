import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pinned } from '../machine.js';
import { cpuSeconds } from './process-usage.js';

export interface Saturation {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
}

/** As much as the connections carry, by `wrk`. @returns how many requests; all were answered with 2xx. @throws Error where one was not */
export async function saturate({ url, connections, seconds }: Saturation): Promise<number> {
  const [command, ...args] = pinned('load', ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout=30s', url]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const requests = Number(/(\d+) requests in/.exec(said)?.[1]);
  if (!(requests > 0) || /Socket errors|Non-2xx/.test(said)) throw new Error(`wrk to ${url} said:\n${said}`);
  return requests;
}

/** How many requests a CPU-second of the process `pid` carries at full load, and how many a second of the clock. */
export async function capacity(
  pid: number,
  saturation: Saturation,
): Promise<{ readonly perCpuSecond: number; readonly perSecond: number }> {
  const before = cpuSeconds(pid);
  const requests = await saturate(saturation);
  return { perCpuSecond: requests / (cpuSeconds(pid) - before), perSecond: requests / saturation.seconds };
}
