import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Change, Configured, Json } from '@tigateway/model';
import { RequestMetrics } from '@tigateway/observability';
import { StaticServiceInstances } from '@tigateway/proxy';
import { emptySnapshot, RouteManager, RouteTraffic, TrafficMeter } from '@tigateway/routing';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { readChanges } from './change-text.js';
import { WorkerConfiguration } from './worker-configuration.js';
import { WorkerLink, type WorkerState } from './worker-link.js';
import type { FromWorker, ToWorker, WorkerCounts } from './worker-messages.js';
import { WorkerServices } from './worker-services.js';
import { WorkerTraffic } from './worker-traffic.js';

/** The other end of the channel: it hears what a worker would, and says what the test wants. */
class ScriptedWorker extends EventEmitter {
  readonly heard: string[] = [];
  readonly process = { pid: 1, exitCode: null, signalCode: 'SIGKILL', kill: () => this.end() };

  send(message: ToWorker, done: () => void): void {
    this.heard.push(inWords(message));
    done();
  }

  isConnected(): boolean {
    return true;
  }

  says(message: FromWorker): void {
    this.emit('message', message);
  }

  end(): void {
    this.emit('disconnect');
    this.emit('exit', null, 'SIGKILL');
  }
}

function inWords(message: ToWorker): string {
  if (message.type === 'services') return `services ${message.services.instances.map(([name]) => name).join()}`.trim();
  if (message.type !== 'changes') return 'sequence' in message ? `${message.type} ${message.sequence}` : message.type;
  return `changes ${message.sequence}: ${readChanges(message.part)
    .map(({ configId }) => configId)
    .join()}`;
}

const counts = (sequence: number, changes: Partial<WorkerCounts> = {}): WorkerCounts => ({
  sequence,
  requests: [],
  routes: [],
  outgoing: { requests: 0, failures: 0 },
  samples: [],
  ...changes,
});

const upsert = (configId: string, configType: 'route' | 'global' = 'route', configuration: Json = {}): Change => ({
  op: 'upsert',
  configType,
  configId,
  next: {
    configuration,
    hash: configId,
    source: 'api',
    position: { source: 'api', document: '', line: 0, column: 0 },
    rank: [0, '', 0],
  },
});

let links: Set<WorkerLink>;
let workers: ScriptedWorker[];
let configuration: WorkerConfiguration;

beforeEach(() => {
  links = new Set();
  workers = [];
  const traffic = new WorkerTraffic(new RouteManager(), new TrafficMeter(new FakeClock()), new RequestMetrics());
  const services = new WorkerServices(new StaticServiceInstances({ s: ['http://127.0.0.1:1'] }), links);
  configuration = new WorkerConfiguration(links, services, traffic);
  configuration.begin(running(upsert('a'), upsert('notification', 'global', { secret: 'x' })));
});

function running(...changes: readonly Change[]): [string, Configured][] {
  return changes.flatMap((each) =>
    each.op === 'upsert' ? [[`${each.configType}:${each.configId}`, each.next] as [string, Configured]] : [],
  );
}

function add(state: WorkerState = 'serving'): { worker: ScriptedWorker; link: WorkerLink } {
  const worker = new ScriptedWorker();
  const link = new WorkerLink(workers.push(worker), worker as unknown as Worker, () => undefined);
  link.state = state;
  link.isJoined = state === 'serving';
  links.add(link);
  return { worker, link };
}

const prepare = (...changes: readonly Change[]): ReturnType<WorkerConfiguration['prepare']> =>
  configuration.prepare({ changes, snapshot: emptySnapshot(), running: running(upsert('a'), ...changes) });

/** What is to settle has, if it can. */
const soon = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
};

function settled(work: Promise<unknown>): () => boolean {
  let isSettled = false;
  work.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  return () => isSettled;
}

describe('a change with workers', () => {
  it('is compiled by all before it goes on, and in force in all before it is over', async () => {
    const [{ worker: one }, { worker: two }] = [add(), add()];
    const preparing = prepare(upsert('b'));
    const isPrepared = settled(preparing);
    await soon();
    one.says({ type: 'prepared', sequence: 1 });
    await soon();
    expect(isPrepared()).toBe(false);
    two.says({ type: 'prepared', sequence: 1 });
    const swapping = (await preparing).swap();
    const isSwapped = settled(swapping);
    two.says({ type: 'swapped', sequence: 1, counts: counts(0) });
    await soon();
    expect(isSwapped()).toBe(false);
    one.says({ type: 'swapped', sequence: 1, counts: counts(0) });
    await swapping;
    for (const { heard } of workers) expect(heard.slice(-2)).toEqual(['changes 1: b', 'swap 1']);
    expect(configuration.servingSequence).toBe(1);
  });

  it('is given up by all where one cannot compile it', async () => {
    const [{ worker: one }, { worker: two }] = [add(), add()];
    const preparing = prepare(upsert('b'));
    await soon();
    one.says({ type: 'prepared', sequence: 1 });
    const problems = [{ pointer: '/uri', code: 'odd', message: 'not here' }];
    const of = { configType: 'route', id: 'b', problems } as const;
    two.says({ type: 'refused', sequence: 1, refusal: { of, message: 'route "b": not here' } });
    await expect(preparing).rejects.toMatchObject({ routeId: 'b', problems });
    await soon();
    for (const { heard } of workers) expect(heard.at(-1)).toBe('discard 1');
    expect(configuration.servingSequence).toBe(0);
  });

  it('does not wait for one that ends meanwhile', async () => {
    const [{ worker: one }, { worker: two }, { worker: three }] = [add(), add(), add()];
    const preparing = prepare(upsert('b'));
    await soon();
    one.end();
    for (const each of [two, three]) each.says({ type: 'prepared', sequence: 1 });
    const swapping = (await preparing).swap();
    two.end();
    three.says({ type: 'swapped', sequence: 1, counts: counts(0) });
    await swapping;
  });

  it('is none for workers where it changes nothing that they obey', async () => {
    const { worker } = add();
    await (await prepare(upsert('notification', 'global'))).swap();
    await soon();
    expect(worker.heard).toEqual([]);
    expect(configuration.servingSequence).toBe(0);
  });

  it('reaches one that begins in the middle of it behind what was in force', async () => {
    const { worker: old } = add();
    const preparing = prepare(upsert('b'));
    await soon();
    const { worker, link } = add('starting');
    const joining = configuration.join(link);
    await soon();
    worker.says({ type: 'prepared', sequence: 0 });
    expect(await joining).toBeUndefined();
    link.state = 'serving';
    void link.say({ type: 'listen' });
    old.says({ type: 'prepared', sequence: 1 });
    const swapping = (await preparing).swap();
    const isSwapped = settled(swapping);
    await soon();
    expect(worker.heard).toEqual(['services s', 'changes 0: a', 'swap 0', 'changes 1: b', 'listen', 'swap 1']);
    old.says({ type: 'swapped', sequence: 1, counts: counts(0) });
    await soon();
    expect(isSwapped()).toBe(false);
    worker.says({ type: 'swapped', sequence: 1, counts: counts(0) });
    await swapping;
  });

  it('is no longer heard of by one that cannot serve what is in force', async () => {
    const { worker, link } = add('starting');
    const joining = configuration.join(link);
    worker.says({ type: 'refused', sequence: 0, refusal: { of: undefined, message: 'no such filter' } });
    expect(await joining).toBe('no such filter');
  });
});

describe('what workers have counted', () => {
  it('counts for the route that it ended on, and for all together where that has been replaced', () => {
    const routes = new RouteManager();
    const meter = new TrafficMeter(new FakeClock());
    const traffic = new WorkerTraffic(routes, meter, new RequestMetrics());
    const [first, second] = [new RouteTraffic(), new RouteTraffic()];
    const swapIn = (of: RouteTraffic): void => {
      const { routes: none, ...snapshot } = emptySnapshot();
      routes.swap({ ...snapshot, routes: none.set('a', { traffic: of } as never) });
    };
    const five = { routes: [{ routeId: 'a', requests: 5, failures: 1 }] };
    traffic.expect(1);
    swapIn(first);
    traffic.add(counts(1, five));
    traffic.expect(2);
    // A worker is ahead for a moment.
    traffic.add(counts(2, five));
    expect([first.requests, second.requests]).toEqual([5, 0]);
    swapIn(second);
    expect([first.requests, second.requests, second.failures]).toEqual([5, 5, 1]);
    // And one that is about to end is behind.
    traffic.add(counts(1, five));
    traffic.add(counts(2, { outgoing: { requests: 2, failures: 2 } }));
    expect([first.requests, second.requests, meter.total.requests, meter.total.failures]).toEqual([5, 5, 17, 5]);
  });
});
