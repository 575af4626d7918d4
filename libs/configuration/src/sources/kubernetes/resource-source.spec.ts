import type { KubernetesObject } from '@tigateway/kubernetes';
import type { SourceUpdate } from '@tigateway/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../../test/builders/fake-clock.js';
import type { SourceSink } from '../configuration-source.js';
import { ResourceSource, type ResourceDocuments } from './resource-source.js';
import { ToldWatch } from './told-watch.fixture.js';

interface Note extends KubernetesObject {
  readonly texts: Readonly<Record<string, string>>;
}

function note(name: string, texts: Readonly<Record<string, string>>): Note {
  return { metadata: { namespace: 'n', name }, texts };
}

class Notes extends ToldWatch<Note> {
  override resourceVersion = '9';

  override remove(name: string): void {
    super.remove(`n/${name}`);
  }

  get watched(): ResourceDocuments<Note> {
    return {
      watch: this,
      documentsOf: ({ metadata, texts }) =>
        Object.entries(texts).map(([key, text]) => {
          const name = `${metadata.name}/${key}`;
          return { document: { kind: 'text', name, format: 'yaml', text, placeholders: false }, content: text };
        }),
      settled: (objects, removed) => {
        const gone = removed.map(({ metadata }) => `-${metadata.name}`);
        settled.push([...objects.map(({ metadata }) => metadata.name), ...gone].join(' '));
      },
    };
  }
}

class Sink implements SourceSink {
  readonly told: (SourceUpdate | string)[] = [];
  failure: Error | undefined;
  private gate: Promise<void> = Promise.resolve();
  release: () => void = () => undefined;

  /** The next deliveries wait until `release`. */
  hold(): void {
    this.gate = new Promise((resolve) => (this.release = resolve));
  }

  async deliver(update: SourceUpdate): Promise<void> {
    await this.gate;
    if (this.failure) throw this.failure;
    this.told.push(update);
  }

  down(reason: string): void {
    this.told.push(reason);
  }

  /** As `name=text` of what was put, `-name` of what went, `*` where it is all. */
  take(): string[] {
    return this.told.splice(0).map((told) => {
      if (typeof told === 'string') return `down: ${told}`;
      const put = told.documents.map((each) => (each.kind === 'text' ? `${each.name}=${each.text}` : each.name));
      return [...(told.complete ? ['*'] : []), ...put, ...told.removed.map((name) => `-${name}`)].join(' ');
    });
  }
}

const rest = (): Promise<void> => new Promise(setImmediate);

let one: Notes;
let two: Notes;
let clock: FakeClock;
let sink: Sink;
let source: ResourceSource;
let settled: string[];

beforeEach(() => {
  [one, two] = [new Notes(), new Notes()];
  clock = new FakeClock();
  sink = new Sink();
  settled = [];
  source = new ResourceSource('notes', [one.watched, two.watched], clock);
});

async function started(): Promise<void> {
  const start = source.start(sink);
  one.list(note('a', { x: '1' }));
  two.list(note('b', { x: '1', y: '2' }));
  await start;
  expect(sink.take()).toEqual(['* a/x=1 b/x=1 b/y=2']);
}

describe('a source of the objects of a cluster', () => {
  it('says all that there is once every kind of object is listed', async () => {
    const start = source.start(sink);
    one.list(note('a', { x: '1' }));
    await rest();
    expect(sink.take()).toEqual([]);
    two.list();
    await start;
    expect(sink.take()).toEqual(['* a/x=1']);
  });

  it('says that there is nothing', async () => {
    const start = source.start(sink);
    one.list();
    two.list();
    await start;
    expect(sink.take()).toEqual(['*']);
  });

  it('delivers the documents that changed and those that are gone, and none twice', async () => {
    await started();
    two.put(note('b', { x: '1', y: '3', z: '4' }));
    await rest();
    two.put(note('b', { x: '1' }));
    await rest();
    two.put(note('b', { x: '1' }));
    await rest();
    two.remove('b');
    await rest();
    expect(sink.take()).toEqual(['b/y=3 b/z=4', '-b/y -b/z', '-b/x']);
    expect(settled).toEqual(['a', 'b', 'b', 'b', 'b', '-b']);
  });

  it('takes objects of one name and two kinds for two', async () => {
    await started();
    two.put(note('a', { y: '2' }));
    await rest();
    one.remove('a');
    await rest();
    expect(sink.take()).toEqual(['a/y=2', '-a/x']);
  });

  it('gathers what comes while a delivery is taken in', async () => {
    await started();
    sink.hold();
    one.put(note('a', { x: '2' }));
    await rest();
    one.put(note('a', { x: '3' }));
    one.put(note('c', { x: '1' }));
    one.put(note('a', { x: '4' }));
    await rest();
    expect(settled).toEqual(['a', 'b']);
    sink.release();
    await rest();
    expect(sink.take()).toEqual(['a/x=2', 'a/x=4 c/x=1']);
  });

  it('delivers what can be read where the rest cannot, and all of it once that can', async () => {
    const start = source.start(sink);
    one.list(note('a', { x: '1' }));
    two.down('forbidden');
    await start;
    expect(sink.take()).toEqual(['a/x=1', 'down: forbidden']);
    one.put(note('a', { x: '2' }));
    await rest();
    expect(sink.take()).toEqual(['a/x=2', 'down: forbidden']);
    two.up();
    two.list(note('b', { x: '1' }));
    await rest();
    expect(sink.take()).toEqual(['* a/x=2 b/x=1']);
  });

  it('is up again with an empty delivery where nothing changed meanwhile', async () => {
    await started();
    one.down('away');
    two.down('away, too');
    one.up();
    await rest();
    expect(sink.take()).toEqual(['down: away', 'down: away, and 1 more', 'down: away, too']);
    two.up();
    await rest();
    expect(sink.take()).toEqual(['']);
    one.put(note('a', { x: '1' }));
    await rest();
    expect(sink.take()).toEqual([]);
  });

  it('delivers again what could not be taken over, with what came since', async () => {
    await started();
    sink.failure = new Error('the store is away');
    one.put(note('a', { x: '2' }));
    two.remove('b');
    await rest();
    expect(sink.take()).toEqual(['down: could not be taken over: the store is away']);
    sink.failure = undefined;
    clock.advance(1_000);
    await rest();
    expect(sink.take()).toEqual(['a/x=2 -b/x -b/y']);
    expect(settled).toEqual(['a', 'b', 'a', '-b']);
  });

  it('reads everything, and names the newest revision of all', async () => {
    await started();
    two.resourceVersion = '10';
    const update = await source.read();
    expect(update).toMatchObject({ source: 'notes', complete: true, removed: [], revision: '10' });
    expect(update.documents.map(({ name }) => name)).toEqual(['a/x', 'b/x', 'b/y']);
  });

  it('says nothing once it is stopped', async () => {
    await started();
    await source.stop();
    one.put(note('a', { x: '2' }));
    await rest();
    expect(sink.take()).toEqual([]);
  });
});
