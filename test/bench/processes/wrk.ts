import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pinned } from '../machine.js';
import { isInstalled } from './external.js';
import { load, type LoadOptions, type LoadResult } from './load.js';

/** As much as the connections carry; by `wrk` where it is installed, which leaves its core more to give than autocannon. */
export async function saturate(options: LoadOptions): Promise<LoadResult> {
  if (!isInstalled('wrk')) return load(options);
  const { url, connections, seconds } = options;
  const [command, ...args] = pinned('load', ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, url]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const requests = Number(/(\d+) requests in/.exec(said)?.[1]);
  if (!Number.isFinite(requests)) throw new Error(`wrk said:\n${said}`);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(said)?.slice(1) ?? [];
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0);
  return { requests, failures: errors.reduce((sum, count) => sum + Number(count), refused) };
}
