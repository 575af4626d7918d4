import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pinned } from '../machine.js';

/** More cannot be sent from the core that the upstream has a share of. Requests a second. */
export const MOST_PER_SECOND = 8_000;

export interface ConstantRate {
  readonly url: string;
  /** Requests a second, due at even distances whether or not earlier ones are answered. */
  readonly rate: number;
  readonly seconds: number;
  /** Connections that are kept; absent: each request makes one of its own. */
  readonly connections?: number;
}

export interface Timed {
  readonly requests: number;
  /** Refused, cut, timed out, or answered with anything but 2xx. */
  readonly failures: number;
  /** Of each request, from the moment when it was due to the end of its answer, in milliseconds. */
  readonly latenciesMs: readonly number[];
}

/** Requests at a constant rate, by `vegeta`, at any certificate. */
export async function atRate({ url, rate, seconds, connections }: ConstantRate): Promise<Timed> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-vegeta-'));
  try {
    const file = join(folder, 'results');
    const kept =
      connections === undefined
        ? ['-keepalive=false']
        : [`-workers=${connections}`, `-max-workers=${connections}`, `-connections=${connections}`];
    const attack = ['attack', `-rate=${rate}`, `-duration=${seconds}s`, '-max-body=0', '-http2=false', '-insecure'];
    const [command, ...args] = pinned('load', ['vegeta', ...attack, ...kept, `-output=${file}`]);
    const child = spawn(command, args, {
      stdio: ['pipe', 'inherit', 'inherit'],
      // Fewer collections: those of the load are not to be taken for something of the subject.
      env: { ...process.env, GOGC: '1000', GOMAXPROCS: '1' },
    });
    child.stdin.end(`GET ${url}\n`);
    const [code] = (await once(child, 'exit')) as [number];
    if (code !== 0) throw new Error(`vegeta ended with ${code}`);
    return await read(file, rate);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function read(file: string, rate: number): Promise<Timed> {
  const child = spawn('vegeta', ['encode', '-to=csv', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ends: { readonly at: number; readonly sentNs: bigint; readonly tookNs: number }[] = [];
  let failures = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    // Sent at (ns), status, took (ns), bytes out, bytes in, error, body, name, place in the sequence, …
    const found = /^(\d+),(\d+),(\d+),/.exec(line);
    if (!found) continue;
    const [, sent = '', status = '', took = ''] = found;
    const at = Number(/,(\d+),GET,/.exec(line)?.[1]);
    ends.push({ at, sentNs: BigInt(sent), tookNs: Number(took) });
    if (!status.startsWith('2')) failures += 1;
  }
  const first = ends.find(({ at }) => at === 0);
  if (!first) throw new Error('vegeta sent nothing');
  const latenciesMs = ends.map(({ at, sentNs, tookNs }) => {
    const lateMs = Number(sentNs - first.sentNs) / 1e6 - (at * 1_000) / rate;
    return Math.max(0, lateMs) + tookNs / 1e6;
  });
  return { requests: ends.length, failures, latenciesMs };
}
