import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Change, type Configured, formatPosition, keyText } from '@tigateway/model';
import fc from 'fast-check';
import { Map } from 'immutable';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { StoredHold } from '../history/configuration-store.js';
import { ConfigurationMerger, type DocumentChanges } from '../merger/configuration-merger.js';
import { EMPTY_DESIRED_STATE } from '../merger/desired-state.js';
import { ConfigurationParser } from '../parser/configuration-parser.js';
import { isRelocation, planChanges } from './configuration-planner.js';
import { NOTHING_RUNS, Running, type RunningState, withRunning } from './running-state.js';

const FOLDER = join(import.meta.dirname, '../../../../test/fixtures/golden/changes');
const PRECEDENCE = ['api', 'crd', 'file'];
const NO_HOLDS = Map<string, StoredHold>();

/** Documents by name, as one source delivers them together; `null`: gone. */
type Delivery = Readonly<Record<string, string | null>>;

/** Desired and running state through a series of deliveries, each applied whole. */
class Series {
  private readonly merger = new ConfigurationMerger(PRECEDENCE);
  private readonly parser = new ConfigurationParser();
  private desired = EMPTY_DESIRED_STATE;
  private running: RunningState = NOTHING_RUNS;

  /** @returns what it changes in what runs */
  async take(source: string, delivery: Delivery): Promise<readonly Change[]> {
    const merged = await this.merger.merge(this.desired, this.changesOf(source, delivery));
    this.desired = merged.state;
    const changes = await this.plan(merged.touched);
    this.running = await withRunning(
      this.running,
      new globalThis.Map(
        changes.map((change): [string, Running | undefined] => [
          keyText(change),
          change.op === 'upsert' ? new Running(change.next, 'v1') : undefined,
        ]),
      ),
    );
    return changes;
  }

  /** What still has to change, looked for everywhere. */
  async left(): Promise<readonly Change[]> {
    return this.plan(new Set([...this.desired.candidates.keys(), ...this.running.configurations.keys()]));
  }

  /** Every configuration with where it is defined, the one in force first. */
  get candidates(): Record<string, string[]> {
    const entries = [...this.desired.candidates].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, all]) => [key, all.map(placeOf)]));
  }

  private changesOf(source: string, delivery: Delivery): DocumentChanges {
    const put = Object.entries(delivery).flatMap(([name, text]) => {
      if (text === null) return [];
      const document = { kind: 'text', name, format: 'yaml', text, placeholders: false } as const;
      const { objects, problems } = this.parser.parse(source, document, {});
      if (problems.length > 0) throw new Error(`${name}: ${problems[0]?.message}`);
      return [{ source, name, orderKey: name, objects }];
    });
    return { source, put, remove: Object.keys(delivery).filter((name) => delivery[name] === null) };
  }

  private async plan(touched: Iterable<string>): Promise<readonly Change[]> {
    const precedenceOf = (source: string): number => PRECEDENCE.indexOf(source);
    return (await planChanges(this.desired, this.running.configurations, NO_HOLDS, touched, precedenceOf)).changes;
  }
}

function placeOf({ source, position }: Configured): string {
  return `${source} ${formatPosition(position)}`;
}

function told(change: Change): string {
  const key = keyText(change);
  if (change.op === 'delete') return `delete ${key}, was ${placeOf(change.previous)}`;
  const was = change.previous ? `, was ${placeOf(change.previous)}` : '';
  return `${isRelocation(change) ? 'move' : 'upsert'} ${key} ${placeOf(change.next)}${was}`;
}

/** Each series of deliveries beside what it makes. `UPDATE_GOLDEN=1` writes the answers anew, to be read before they are committed. */
describe('merger and planner make of', () => {
  for (const name of readdirSync(FOLDER).filter((each) => each.endsWith('.yaml'))) {
    it(`${name} what is written beside it`, async () => {
      const series = new Series();
      const steps: object[] = [];
      for (const step of parse(readFileSync(join(FOLDER, name), 'utf8')) as Record<string, Delivery>[]) {
        for (const [source, delivery] of Object.entries(step)) {
          const changes = (await series.take(source, delivery)).map(told).sort();
          steps.push({ source, candidates: series.candidates, changes });
          expect(await series.left()).toEqual([]);
        }
      }
      const written = JSON.stringify(steps, null, 2) + '\n';
      const answer = join(FOLDER, `${name}.expected.json`);
      if (process.env['UPDATE_GOLDEN']) writeFileSync(answer, written);
      expect(written).toBe(readFileSync(answer, 'utf8'));
    });
  }
});

describe('a plan that is applied', () => {
  const documentNames = ['a.yaml', 'b.yaml', 'c.yaml'];
  const deliveries = fc.array(
    fc.tuple(
      fc.constantFrom(...PRECEDENCE),
      fc.dictionary(
        fc.constantFrom(...documentNames),
        fc.option(fc.uniqueArray(fc.constantFrom('one', 'two', 'three')), { nil: null }),
      ),
      fc.integer({ min: 0, max: 1 }),
    ),
    { maxLength: 8 },
  );

  it('leaves nothing to plan, whatever was delivered before', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async (all) => {
        const series = new Series();
        for (const [source, documents, order] of all) {
          const texts = Object.entries(documents).map(([name, ids]) => {
            const routes = ids?.map((id) => ({ id, uri: 'no://op', order }));
            return [name, routes ? JSON.stringify({ routes }) : null];
          });
          await series.take(source, Object.fromEntries(texts) as Delivery);
          expect(await series.left()).toEqual([]);
        }
      }),
    );
  });
});
