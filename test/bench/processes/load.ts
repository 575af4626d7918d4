import autocannon from 'autocannon';
import { BenchChild } from './child.js';

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  /** Refused, timed out, or answered with anything but 2xx. */
  readonly failures: number;
}

/** Sends as much as the connections carry, from a process of its own. */
export function load(options: LoadOptions): Promise<LoadResult> {
  return BenchChild.result('load', new URL(import.meta.url), options);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { url, connections, seconds } = JSON.parse(process.argv[2] ?? '') as LoadOptions;
  const { requests, errors, timeouts, non2xx } = await autocannon({ url, connections, duration: seconds });
  const result: LoadResult = { requests: requests.total, failures: errors + timeouts + non2xx };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
