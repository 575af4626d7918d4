import { setInterval } from 'node:timers';
import { seenRevision } from '../generated-routes.js';
import type { Changing, ChangingPeer } from '../peers/changing.js';
import { changedByApi, changedByFile } from '../peers/changing-gateway.js';
import { RELOADED_PROXIES } from '../peers/reloaded-proxies.js';
import { Revisions } from '../processes/revisions.js';
import { type Aim, atMost, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const WRITES = 1_000;
const WARM_UP = 50;
/** What takes long is not done as often. */
const BUDGET_MS = 6_000;
const WARM_UP_BUDGET_MS = 2_000;
/** Who needs longer than this for one change is not asked for it with more routes. */
const PATIENCE_MS = 2_000;
const CHURN_PER_SECOND = 50;
const LIMIT_MS: Readonly<Record<number, number>> = { 10: 10, 1_000: 15, 10_000: 30, 100_000: 100 };

const API = changedByApi('native');
const SUBJECTS: readonly ChangingPeer[] = [API, changedByFile, ...RELOADED_PROXIES];

/** From the moment a change of one route is sent to the answer of the first request that shows it. */
export const writeToEffect: Scenario = {
  name: 'write-to-effect',
  title: `Change of one route to the first request that sees it, by the number of routes; alone, and while ${CHURN_PER_SECOND} others change a second`,
  async run({ routes }) {
    const present = SUBJECTS.filter((subject) => subject.missing() === undefined);
    const quiet = new Map(present.map(({ name }) => [name, [] as (Samples | undefined)[]]));
    const busy = new Map(present.map(({ name }) => [name, [] as (Samples | undefined)[]]));
    const tooSlow: string[] = [];
    const failed: string[] = [];
    for (const count of routes) {
      for (const subject of present) {
        const [alone, among] = [quiet.get(subject.name) ?? [], busy.get(subject.name) ?? []];
        const last = alone.at(-1);
        if (alone.length > 0 && (last === undefined || percentile(last.seen, 0.5) > PATIENCE_MS)) {
          alone.push(undefined);
          among.push(undefined);
          tooSlow.push(`${subject.name} at ${count} routes`);
          continue;
        }
        try {
          const { quietly, busily } = await measureBoth(subject, count);
          alone.push(quietly);
          among.push(busily);
        } catch (error) {
          alone.push(undefined);
          among.push(undefined);
          failed.push(`Failed: ${subject.name} at ${count} routes: ${(error as Error).message}.`);
        }
      }
    }
    const rows = present.flatMap(({ name }): Row[] => [
      { name, values: figures(quiet.get(name) ?? []) },
      { name: `${name}, others change`, values: figures(busy.get(name) ?? []) },
    ]);
    const missing = SUBJECTS.flatMap(({ name, missing: of }) =>
      of() ? [`Left out: ${name}, for want of ${of()}.`] : [],
    );
    return {
      columns: routes.flatMap((count) => [
        { title: `p50 at ${count} routes`, unit: 'ms' },
        { title: `p99 at ${count} routes`, unit: 'ms', isCompared: true },
      ]),
      rows,
      aims: aimsOf(routes, quiet, busy),
      notes: [
        `Up to ${WRITES} changes one after the other, for ${BUDGET_MS / 1_000} s at most and one at least; where they are few, p99 is the slowest.`,
        ...(tooSlow.length > 0
          ? [`Not asked, having taken more than ${PATIENCE_MS / 1_000} s with fewer: ${tooSlow.join(', ')}.`]
          : []),
        'Seen on the connection that the client has kept: nginx closes those to its old process 100 ms after it has started the new one.',
        'A proxy that reloads takes in what has come while a reload ran with the next one.',
        ...failed,
        ...missing,
      ],
    };
  },
};

interface Samples {
  /** In milliseconds. */
  readonly seen: readonly number[];
  /** Requests that did not show a change which was said to be in force. */
  readonly vain: number;
}

function figures(of: readonly (Samples | undefined)[]): (number | undefined)[] {
  return of.flatMap((samples) => [samples && percentile(samples.seen, 0.5), samples && percentile(samples.seen, 0.99)]);
}

async function measureBoth(
  subject: ChangingPeer,
  count: number,
): Promise<{ readonly quietly: Samples; readonly busily: Samples }> {
  const changing = await subject.start(count - 1, 'http://127.0.0.1:9');
  try {
    const quietly = await measure(changing);
    return { quietly, busily: await whileOthersChange(changing, () => measure(changing)) };
  } finally {
    await changing.stop();
  }
}

async function measure(changing: Changing): Promise<Samples> {
  const revisions = new Revisions(changing.url, seenRevision);
  const started = performance.now();
  // Whoever is measured twice goes on with higher revisions.
  const first = Math.ceil(started);
  const changed = async (revision: number): Promise<{ seenMs: number; vain: number }> => {
    await changing.settled?.();
    const startedMs = performance.now();
    await changing.change(revision);
    const vain = await revisions.until(revision);
    return { seenMs: performance.now() - startedMs, vain };
  };
  let revision = first;
  const warm = started + WARM_UP_BUDGET_MS;
  do await changed(revision++);
  while (revision < first + WARM_UP && performance.now() < warm);
  const seen: number[] = [];
  let vain = 0;
  const end = performance.now() + BUDGET_MS;
  do {
    const { seenMs, vain: more } = await changed(revision++);
    seen.push(seenMs);
    vain += more;
  } while (seen.length < WRITES && performance.now() < end);
  revisions.close();
  return { seen, vain };
}

async function whileOthersChange(changing: Changing, work: () => Promise<Samples>): Promise<Samples> {
  let turn = 0;
  const changes: Promise<void>[] = [];
  const timer = setInterval(() => changes.push(changing.changeOther((turn += 1))), 1_000 / CHURN_PER_SECOND);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await Promise.all(changes);
  }
}

type BySubject = ReadonlyMap<string, readonly (Samples | undefined)[]>;

function aimsOf(routes: readonly number[], quiet: BySubject, busy: BySubject): Aim[] {
  const p99 = (of: BySubject, name: string, at: number): number => percentile(of.get(name)?.[at]?.seen ?? [], 0.99);
  const perSize = routes.flatMap((count, at) => {
    const [ours, limitMs] = [p99(quiet, API.name, at), LIMIT_MS[count]];
    const fastest = Math.min(...RELOADED_PROXIES.map(({ name }) => p99(quiet, name, at)).filter((ms) => ms > 0));
    return [
      ...(limitMs === undefined ? [] : atMost(`API, p99 at ${count} routes ≤ ${limitMs} ms`, limitMs, ours, 'ms')),
      ...atMost(`API, p99 at ${count} routes while others change ≤ 2 × alone`, 2, p99(busy, API.name, at) / ours, '×'),
      ...(Number.isFinite(fastest)
        ? atMost(`API, p99 at ${count} routes ≤ 1 × the fastest other proxy`, 1, ours / fastest, '×')
        : []),
    ];
  });
  const vain = [...(quiet.get(API.name) ?? []), ...(busy.get(API.name) ?? [])].reduce(
    (sum, of) => sum + (of?.vain ?? 0),
    0,
  );
  return [...perSize, ...atMost('API, no request after the answer to a write misses it', 0, vain, 'requests')];
}
