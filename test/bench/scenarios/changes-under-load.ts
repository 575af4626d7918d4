import { setTimeout } from 'node:timers/promises';
import type { Changing, ChangingPeer } from '../peers/changing.js';
import { changedByApi, changedByFile } from '../peers/changing-gateway.js';
import { PREFIX } from '../peers/peer.js';
import { RELOADED_PROXIES } from '../peers/reloaded-proxies.js';
import { startUpstream } from '../processes/upstream.js';
import { atRate, type Timed } from '../processes/vegeta.js';
import { saturate } from '../processes/wrk.js';
import { type Aim, atMost, middle, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const ROUTES = 1_000;
const RATE = 1_000;
const CONNECTIONS = 64;
const CHANGES = 100;
const CHANGES_PER_SECOND = 20;
const SECONDS = CHANGES / CHANGES_PER_SECOND + 1;
const LIMIT_MS = 5;

const SUBJECTS: readonly ChangingPeer[] = [
  changedByApi('native'),
  changedByApi('node'),
  changedByFile,
  ...RELOADED_PROXIES,
];

/** What traffic notices of changes that are not about it. */
export const changesUnderLoad: Scenario = {
  name: 'changes-under-load',
  title: `${RATE} requests a second on ${CONNECTIONS} kept connections, ${ROUTES} routes; without and with ${CHANGES} changes, ${CHANGES_PER_SECOND} a second`,
  needs: ['wrk', 'vegeta', 'nginx'],
  async run({ rounds }) {
    const present = SUBJECTS.filter((subject) => subject.missing() === undefined);
    const upstream = await startUpstream();
    const failed: string[] = [];
    const samples = new Map(present.map(({ name }) => [name, COLUMNS.map(() => [] as number[])]));
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const subject of present) {
          const measured = await measure(subject, upstream.url).catch((error: unknown) => {
            failed.push(`Failed: ${subject.name}: ${(error as Error).message}.`);
            return [];
          });
          for (const [at, value] of measured.entries()) samples.get(subject.name)?.[at]?.push(value);
        }
      }
    } finally {
      await upstream.stop();
    }
    const rows = [...samples].map(([name, values]): Row => ({ name, values }));
    return {
      columns: COLUMNS,
      rows,
      aims: rows.flatMap((row) => (row.name.startsWith('tigateway') ? aimsOf(row) : [])),
      notes: [
        'What cannot change as often has changed as often as it could: see the last column.',
        ...failed,
        ...SUBJECTS.flatMap(({ name, missing }) => (missing() ? [`Left out: ${name}, for want of ${missing()}.`] : [])),
      ],
    };
  },
};

const COLUMNS = [
  { title: 'failed without' },
  { title: 'failed with' },
  { title: 'p99 without', unit: 'ms' },
  { title: 'p99 with', unit: 'ms' },
  { title: 'p99.9 without', unit: 'ms' },
  { title: 'p99.9 with', unit: 'ms', isCompared: true },
  { title: 'changes' },
];

function aimsOf({ name, values }: Row): Aim[] {
  const [, failed, , , without, during] = values.map(middle);
  return [
    ...atMost(`${name}: no request fails`, 0, failed, 'failed'),
    ...atMost(`${name}: p99.9 ≤ ${LIMIT_MS} ms more`, LIMIT_MS, (during ?? Number.NaN) - (without ?? Number.NaN), 'ms'),
  ];
}

async function measure(subject: ChangingPeer, upstream: string): Promise<readonly number[]> {
  const changing = await subject.start(ROUTES, upstream);
  try {
    const url = `${changing.url}${PREFIX}/item`;
    await changing.change(1);
    await saturate({ url, connections: CONNECTIONS, seconds: subject.warmUpSeconds });
    const load = { url, connections: CONNECTIONS, rate: RATE, seconds: SECONDS };
    const without = await atRate(load);
    const [during, changes] = await Promise.all([atRate(load), changeAll(changing)]);
    const figures = (share: number): number[] =>
      [without, during].map((of: Timed) => percentile(of.latenciesMs, share));
    return [without.failures, during.failures, ...figures(0.99), ...figures(0.999), changes];
  } finally {
    await changing.stop();
  }
}

/** @returns how many were made while the load ran */
async function changeAll(changing: Changing): Promise<number> {
  const startedMs = performance.now();
  let made = 0;
  while (made < CHANGES && performance.now() - startedMs < (SECONDS - 1) * 1_000) {
    await changing.change(2 + made);
    made += 1;
    const dueMs = startedMs + (made * 1_000) / CHANGES_PER_SECOND;
    await setTimeout(Math.max(0, dueMs - performance.now()));
  }
  return made;
}
