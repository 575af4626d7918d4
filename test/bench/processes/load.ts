import autocannon from 'autocannon';
import { BenchChild } from './child.js';

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second, sent whether or not earlier ones are answered; absent: as much as the connections carry. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly requests: number;
  /** Refused, timed out, or answered with anything but 2xx. */
  readonly failures: number;
  /** Where a rate was given, from when a request was due. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** Sends requests from a process of its own. */
export function load(options: LoadOptions): Promise<LoadResult> {
  return BenchChild.result('load', new URL(import.meta.url), options);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { url, connections, seconds, rate } = JSON.parse(process.argv[2] ?? '') as LoadOptions;
  const ran = await autocannon({ url, connections, duration: seconds, ...(rate && { overallRate: rate }) });
  const { requests, errors, timeouts, non2xx, latency } = ran;
  const result: LoadResult = {
    requests: requests.total,
    failures: errors + timeouts + non2xx,
    ...(rate && { p50Ms: latency.p50, p99Ms: latency.p99 }),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
