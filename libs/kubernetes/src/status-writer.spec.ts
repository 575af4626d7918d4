import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/builders/fake-clock.js';
import { KubernetesError } from './kubernetes-error.js';
import type { ObjectPatch } from './kubernetes-client.js';
import type { ResourceType } from './resources.js';
import { type Leadership, type StatusWish, type StatusWishes, StatusWriter } from './status-writer.js';

const TYPE: ResourceType = { group: 'g', version: 'v1', plural: 'notes', kind: 'Note' };

/** Takes patches as an API server does, in memory; requests wait while it is held. */
class Server {
  readonly patches: string[] = [];
  underWay = 0;
  mostUnderWay = 0;
  failure: Error | undefined;
  private gate: Promise<void> = Promise.resolve();
  release: () => void = () => undefined;

  hold(): void {
    this.gate = new Promise((resolve) => (this.release = resolve));
  }

  async patch<T>(_type: ResourceType, patch: ObjectPatch): Promise<T> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    await this.gate;
    this.underWay--;
    if (this.failure) throw this.failure;
    const { status } = patch.body as { status: { says: string } };
    this.patches.push(`${patch.name}=${status.says}`);
    return patch.body as T;
  }
}

class Leader implements Leadership {
  isLeader = true;
  private listener: ((isLeader: boolean) => void) | undefined;

  onChange(listener: (isLeader: boolean) => void): () => void {
    this.listener = listener;
    return () => (this.listener = undefined);
  }

  become(isLeader: boolean): void {
    this.isLeader = isLeader;
    this.listener?.(isLeader);
  }
}

class Wishes implements StatusWishes {
  readonly texts = new Map<string, string>();
  readonly found = new Map<string, string>();

  keys(): Iterable<string> {
    return this.texts.keys();
  }

  wish(key: string): StatusWish | undefined {
    const says = this.texts.get(key);
    if (says === undefined) return undefined;
    return { type: TYPE, name: key, status: { says }, mark: says, isWritten: this.found.get(key) === says };
  }
}

let clock: FakeClock;
let server: Server;
let leader: Leader;
let wishes: Wishes;
let failures: string[];
let writer: StatusWriter;

beforeEach(() => {
  clock = new FakeClock();
  server = new Server();
  leader = new Leader();
  wishes = new Wishes();
  failures = [];
  const failed = (reason: string): void => void failures.push(reason);
  writer = new StatusWriter(server, leader, wishes, clock, { fieldManager: 'tigateway', failed });
});

async function want(texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [key, text] of Object.entries(texts)) wishes.texts.set(key, text);
  writer.want(Object.keys(texts));
  await clock.advanceAsync(100);
}

describe('the writer of statuses', () => {
  it('writes what is wanted, once, and again when it changes', async () => {
    await want({ a: '1', b: '1' });
    await want({ a: '1', b: '2' });
    expect(server.patches).toEqual(['a=1', 'b=1', 'b=2']);
  });

  it('writes nothing that an object says already', async () => {
    wishes.found.set('a', '1');
    await want({ a: '1' });
    await want({ a: '2' });
    expect(server.patches).toEqual(['a=2']);
  });

  it('writes back what it wrote before although the object has not been read since', async () => {
    wishes.found.set('a', '1');
    await want({ a: '1' });
    await want({ a: '2' });
    await want({ a: '1' });
    expect(server.patches).toEqual(['a=2', 'a=1']);
  });

  it('has a few requests under way, and writes what is true when their turn comes', async () => {
    server.hold();
    const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
    await want(Object.fromEntries(keys.map((key) => [key, '1'])));
    for (const key of keys) wishes.texts.set(key, '2');
    server.release();
    await clock.advanceAsync(1_000);
    expect(server.mostUnderWay).toBe(4);
    expect(server.patches.filter((patch) => patch.endsWith('=1'))).toHaveLength(4);
    expect(server.patches.filter((patch) => patch.endsWith('=2'))).toHaveLength(46);
  });

  it('gives the API server a rest between two', async () => {
    const keys = Array.from({ length: 400 }, (_, index) => `k${index}`);
    await want(Object.fromEntries(keys.map((key) => [key, '1'])));
    expect(server.patches.length).toBeLessThanOrEqual(4 * 11);
    await clock.advanceAsync(1_000);
    expect(server.patches).toHaveLength(400);
  });

  it('writes only as the leader, and then all that is different', async () => {
    leader.become(false);
    wishes.found.set('b', '1');
    await want({ a: '1', b: '1', c: '1' });
    expect(server.patches).toEqual([]);
    leader.become(true);
    await clock.advanceAsync(100);
    expect(server.patches).toEqual(['a=1', 'c=1']);
  });

  it('tries again after a failure, later and later, and says it once', async () => {
    server.failure = new KubernetesError(0, 'Unreachable', 'it is away');
    await want({ a: '1', b: '1' });
    await clock.advanceAsync(1_000);
    await want({ a: '2' });
    expect(failures).toEqual(['it is away']);
    server.failure = undefined;
    await clock.advanceAsync(1_500);
    expect(server.patches).toEqual([]);
    await clock.advanceAsync(1_000);
    expect(server.patches.sort()).toEqual(['a=2', 'b=1']);
  });

  it('stops trying when it leads no more', async () => {
    server.failure = new KubernetesError(403, 'Forbidden', 'it may not');
    await want({ a: '1' });
    leader.become(false);
    server.failure = undefined;
    await clock.advanceAsync(60_000);
    expect(server.patches).toEqual([]);
  });

  it.each([404, 409])('leaves alone what is gone or another by now: %i', async (status) => {
    server.failure = new KubernetesError(status, 'x', 'x');
    await want({ a: '1' });
    server.failure = undefined;
    await clock.advanceAsync(60_000);
    expect([server.patches, failures]).toEqual([[], []]);
    await want({ a: '1' });
    expect(server.patches).toEqual(['a=1']);
  });

  it('finishes what is under way, and nothing else, when it is stopped', async () => {
    server.hold();
    await want({ a: '1', b: '1', c: '1', d: '1', e: '1' });
    const stopped = writer.stop();
    server.release();
    await stopped;
    await want({ a: '2' });
    expect(server.patches).toEqual(['a=1', 'b=1', 'c=1', 'd=1']);
  });
});
