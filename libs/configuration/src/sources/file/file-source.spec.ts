import { mkdir, mkdtemp, open, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, type Scheduled, type SourceUpdate, SystemClock } from '@tigateway/model';
import type { SourceSink } from '../configuration-source.js';
import { FileSource } from './file-source.js';

type Told = SourceUpdate | string;

/** Keeps what a source says, and waits for what it says next. Strings are the reasons of `down`. */
class Listener implements SourceSink {
  private readonly told: Told[] = [];
  private wake: (() => void) | undefined;
  refusals = 0;

  deliver(update: SourceUpdate): Promise<void> {
    if (this.refusals-- > 0) return Promise.reject(new Error('the store is away'));
    this.tell(update);
    return Promise.resolve();
  }

  down(reason: string): void {
    this.tell(reason);
  }

  async next(): Promise<Told> {
    while (this.told.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.told.shift() as Told;
  }

  async nextUpdate(): Promise<SourceUpdate> {
    const told = await this.next();
    if (typeof told === 'string') throw new Error(`went down: ${told}`);
    return told;
  }

  /** Everything up to the first update that says that document has that text; `undefined`: that it is gone. */
  async until(name: string, text: string | undefined): Promise<SourceUpdate[]> {
    const updates: SourceUpdate[] = [];
    for (;;) {
      const update = await this.nextUpdate();
      updates.push(update);
      const document = update.documents.find((each) => each.name === name);
      if (text === undefined ? update.removed.includes(name) : document?.kind === 'text' && document.text === text) {
        return updates;
      }
    }
  }

  private tell(told: Told): void {
    this.told.push(told);
    this.wake?.();
  }
}

/** Its longer waits, for a second look, never end. */
class ImpatientClock extends SystemClock {
  override schedule(delayMs: number, task: () => void): Scheduled {
    return delayMs >= 500 ? { cancel: () => undefined } : super.schedule(delayMs, task);
  }
}

describe('FileSource', () => {
  let base: string;
  let source: FileSource;
  let listener: Listener;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'file-source-'));
    await mkdir(join(base, 'routes'));
    listener = new Listener();
  });

  afterEach(async () => {
    await source.stop();
    await rm(base, { recursive: true });
  });

  async function started(...paths: string[]): Promise<void> {
    await startedWith(new SystemClock(), ...paths);
  }

  async function startedWith(clock: Clock, ...paths: string[]): Promise<void> {
    source = new FileSource({ paths, baseFolder: base, debounceMs: 20, placeholders: true }, clock);
    await source.start(listener);
  }

  const at = (name: string): string => join(base, name);
  const write = (name: string, text: string): Promise<void> => writeFile(at(name), text);
  const names = ({ documents }: SourceUpdate): string[] => documents.map(({ name }) => name);

  it('delivers everything once, named from the base folder, in name order, with subfolders and without what is no document', async () => {
    await mkdir(at('routes/team'));
    await mkdir(at('routes/.git'));
    const ignored = ['.hidden.yaml', '#a.yaml#', '.a.yaml.swp', 'a.yaml~', 'notes.txt', '.git/config.yaml', '.#a.yaml'];
    for (const name of ['b.yaml', 'a.yml', 'team/c.json', ...ignored]) await write(`routes/${name}`, name);
    await write('single.yaml', 's');
    await started('routes', 'single.yaml');
    const update = await listener.nextUpdate();
    expect(update).toMatchObject({ source: 'file', complete: true, removed: [] });
    expect(update.documents).toEqual(
      [
        ['routes/a.yml', 'yaml', 'a.yml'],
        ['routes/b.yaml', 'yaml', 'b.yaml'],
        ['routes/team/c.json', 'json', 'team/c.json'],
        ['single.yaml', 'yaml', 's'],
      ].map(([name, format, text]) => ({ kind: 'text', name, format, text, placeholders: true })),
    );
  });

  it('delivers an empty folder as nothing, which is not the same as down', async () => {
    await started('routes');
    expect(await listener.nextUpdate()).toMatchObject({ documents: [], removed: [], complete: true });
  });

  it('delivers only what changed: created, written, renamed, deleted', async () => {
    await write('routes/stays.yaml', 'same');
    await started('routes');
    const first = await listener.nextUpdate();

    await write('routes/a.yaml', 'one');
    const created = (await listener.until('routes/a.yaml', 'one')).at(-1) as SourceUpdate;
    expect(names(created)).toEqual(['routes/a.yaml']);
    expect(created.complete).toBe(false);
    expect(created.revision).not.toBe(first.revision);

    await write('routes/a.yaml', 'two');
    await listener.until('routes/a.yaml', 'two');

    await rename(at('routes/a.yaml'), at('routes/b.yaml'));
    expect(names((await listener.until('routes/a.yaml', undefined)).at(-1) as SourceUpdate)).not.toContain(
      'routes/stays.yaml',
    );

    await unlink(at('routes/b.yaml'));
    const last = (await listener.until('routes/b.yaml', undefined)).at(-1) as SourceUpdate;
    expect(last.revision).toBe(first.revision);
  });

  it('sees files in folders that were not there before', async () => {
    await started('routes');
    await listener.nextUpdate();
    await mkdir(at('routes/new/deep'), { recursive: true });
    await write('routes/new/deep/a.yaml', 'one');
    await listener.until('routes/new/deep/a.yaml', 'one');
  });

  it('takes a rename over a file for one change, never for a deletion', async () => {
    await write('routes/a.yaml', '0');
    await started('routes');
    await listener.nextUpdate();
    for (let round = 1; round <= 5; round++) {
      await write('routes/.a.yaml.new', String(round));
      await rename(at('routes/.a.yaml.new'), at('routes/a.yaml'));
      const updates = await listener.until('routes/a.yaml', String(round));
      expect(updates.flatMap(({ removed }) => removed)).toEqual([]);
    }
  });

  it('never takes a file that moves between folders while they are listed for one that is gone', async () => {
    // Listed one after the other, for long enough that a move comes in between.
    const folders = Array.from({ length: 100 }, (_, index) => `routes/${String(index).padStart(3, '0')}`);
    for (const folder of folders) await mkdir(at(folder));
    const [first, last] = [`${folders[0]}/moving.yaml`, `${folders.at(-1)}/moving.yaml`];
    await write(last, 'same');
    await started('routes');
    const present = new Set(names(await listener.nextUpdate()));
    for (let round = 0; round < 30; round++) {
      const [from, to] = round % 2 === 0 ? [last, first] : [first, last];
      await write('routes/050/trigger.yaml', String(round));
      await delay(20 + (round % 15));
      await rename(at(from), at(to));
      while (!present.has(to) || present.has(from)) {
        const update = await listener.nextUpdate();
        for (const name of update.removed) present.delete(name);
        for (const name of names(update)) present.add(name);
        expect([present.has(first), present.has(last)]).toContain(true);
      }
    }
  });

  it.each([
    ['the folder', 'mount'],
    ['the file', 'mount/a.yaml'],
  ])('follows the link swap by which Kubernetes mounts a ConfigMap, watching %s', async (_, path) => {
    const version = async (name: string, text: string): Promise<void> => {
      await mkdir(at(`mount/..${name}`), { recursive: true });
      await write(`mount/..${name}/a.yaml`, text);
      await symlink(`..${name}`, at('mount/..data_tmp'));
      await rename(at('mount/..data_tmp'), at('mount/..data'));
    };
    await version('1', 'one');
    await symlink('..data/a.yaml', at('mount/a.yaml'));
    await started(path);
    expect((await listener.nextUpdate()).documents).toMatchObject([{ name: 'mount/a.yaml', text: 'one' }]);
    for (const [before, now] of [
      ['1', '2'],
      ['2', '3'],
      ['3', '4'],
    ] as const) {
      await version(now, `version ${now}`);
      await rm(at(`mount/..${before}`), { recursive: true });
      const updates = await listener.until('mount/a.yaml', `version ${now}`);
      expect(updates.flatMap(({ removed }) => removed)).toEqual([]);
    }
  });

  it('finds what changes right after a change, though nobody tells of it', async () => {
    await write('routes/a.yaml', 'one');
    await started('routes');
    await listener.nextUpdate();
    await write('routes/a.yaml', 'two');
    await listener.until('routes/a.yaml', 'two');
    await (source as unknown as { watcher: { close(): Promise<void> } }).watcher.close();
    await write('routes/a.yaml', 'three');
    await listener.until('routes/a.yaml', 'three');
  });

  it('says nothing of a file that was written again with the same content', async () => {
    await write('routes/a.yaml', 'same');
    await started('routes');
    await listener.nextUpdate();
    await write('routes/a.yaml', 'same');
    await write('routes/b.yaml', 'other');
    const updates = await listener.until('routes/b.yaml', 'other');
    expect(updates.flatMap(names)).toEqual(['routes/b.yaml']);
  });

  it('is down while a path is missing, and delivers all of it when it comes', async () => {
    await write('routes/a.yaml', 'a');
    await started('later', 'routes');
    expect(await listener.next()).toMatchObject({ documents: [{ name: 'routes/a.yaml' }], complete: false });
    expect(await listener.next()).toBe('cannot read "later": it does not exist');
    await write('b.yaml', 'b');
    await mkdir(at('prepared'));
    await rename(at('b.yaml'), at('prepared/b.yaml'));
    await rename(at('prepared'), at('later'));
    let told = await listener.next();
    while (typeof told === 'string') told = await listener.next();
    expect(told.complete).toBe(true);
    expect(names(told)).toEqual(['later/b.yaml', 'routes/a.yaml']);
  });

  it.each([
    ['a folder', 'routes', 'routes'],
    ['a file', 'routes/a.yaml', 'routes/a.yaml'],
  ])('keeps the documents of %s that goes as a whole', async (_, path, gone) => {
    await write('routes/a.yaml', 'a');
    await started(path);
    await listener.nextUpdate();
    await rename(at(gone), at('aside'));
    expect(await listener.next()).toBe(`cannot read "${gone}": it does not exist`);
    await rename(at('aside'), at(gone));
    let told = await listener.next();
    while (typeof told === 'string') told = await listener.next();
    expect(told).toMatchObject({ documents: [], removed: [], complete: false });
  });

  it.each([
    ['a link in a circle', 'a.yaml', 'ELOOP'],
    ['a link that leads nowhere', 'missing.yaml', 'it is a link that leads nowhere'],
  ])('keeps a document that cannot be read (%s), says so, and goes on with the others', async (_, target, reason) => {
    await write('routes/a.yaml', 'a');
    await started('routes');
    await listener.nextUpdate();
    await write('routes/b.yaml', 'b');
    await symlink(target, at('link'));
    await rename(at('link'), at('routes/a.yaml'));
    const told: Told[] = [];
    while (!told.some((each) => typeof each === 'string')) told.push(await listener.next());
    expect(told.at(-1)).toBe(`cannot read "routes/a.yaml": ${reason}`);
    const updates = told.filter((each) => typeof each !== 'string');
    expect(updates.flatMap(names)).toEqual(['routes/b.yaml']);
    expect(updates.flatMap(({ removed }) => removed)).toEqual([]);
  });

  it('does not take a file that is emptied to be written anew for an empty one', async () => {
    await write('routes/a.yaml', 'before');
    await startedWith(new ImpatientClock(), 'routes');
    await listener.nextUpdate();
    await truncate(at('routes/a.yaml'));
    await write('routes/b.yaml', 'seen');
    // The source has looked around since the file was emptied.
    expect((await listener.until('routes/b.yaml', 'seen')).flatMap(names)).toEqual(['routes/b.yaml']);
    await write('routes/a.yaml', 'after');
    expect((await listener.until('routes/a.yaml', 'after')).flatMap(names)).toEqual(['routes/a.yaml']);
  });

  it('takes a file that stays empty for what it is', async () => {
    await write('routes/a.yaml', 'before');
    await started('routes');
    await listener.nextUpdate();
    await truncate(at('routes/a.yaml'));
    await listener.until('routes/a.yaml', '');
  });

  it('ends with the whole content of a file that was written in pieces', async () => {
    await started('routes');
    await listener.nextUpdate();
    const file = await open(at('routes/a.yaml'), 'w');
    for (let line = 0; line < 200; line++) await file.write(`# line ${line}\n`);
    await file.close();
    await listener.until('routes/a.yaml', Array.from({ length: 200 }, (_, line) => `# line ${line}\n`).join(''));
  });

  it('delivers again what could not be taken over', async () => {
    await write('routes/a.yaml', 'one');
    listener.refusals = 1;
    await started('routes');
    expect(await listener.next()).toMatch(/the store is away/);
    expect(await listener.nextUpdate()).toMatchObject({ documents: [{ text: 'one' }], complete: true });
  });

  it('reads everything again when it is asked to', async () => {
    await write('routes/a.yaml', 'one');
    await started('routes');
    const first = await listener.nextUpdate();
    expect(await source.read()).toEqual(first);
    await rm(at('routes'), { recursive: true });
    await expect(source.read()).rejects.toThrow('cannot read "routes": it does not exist');
  });
});
