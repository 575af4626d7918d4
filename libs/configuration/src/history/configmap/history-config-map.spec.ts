import { randomBytes } from 'node:crypto';
import { type ConfigurationVersion, hashOf, type Json } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import {
  historyConfigMap,
  historyOf,
  isTooLarge,
  type KeyHistory,
  oldestDroppableMs,
  retained,
} from './history-config-map.js';
import { joined, patched, patchesOf } from './key-patch.js';

const KEY = { configType: 'route', configId: 'Übung/1' } as const;

function version(ms: number, configuration: Json = { id: 'x', ms }): ConfigurationVersion {
  return {
    ...KEY,
    version: `v${ms}`,
    configuration,
    timestamp: new Date(ms).toISOString(),
    hash: hashOf(configuration),
    operation: 'update',
    source: 'api',
    actor: 'api',
  };
}

function history(...versions: ConfigurationVersion[]): KeyHistory {
  const [newest] = versions;
  const current = { ...KEY, version: newest?.version ?? '', hash: newest?.hash ?? '', source: 'api' };
  return { key: KEY, versions, current, sequence: 7 };
}

describe('a history in a ConfigMap', () => {
  it('comes back as it was', () => {
    const hold = { ...KEY, source: 'crd', barredHash: 'h', configuration: { a: 1 }, version: 'v1', reason: 'why' };
    const whole = { ...history(version(3), version(2), version(1)), api: { version: 'v3', createdSequence: 4 }, hold };
    const written = historyConfigMap('tigateway', 'ns', whole, true);
    expect(historyOf(written)).toEqual(whole);
    expect(written.metadata.labels).toMatchObject({
      app: 'tigateway',
      component: 'config-history',
      configType: 'route',
    });
    expect(JSON.parse(written.data?.['metadata'] ?? '')).toMatchObject({
      latestVersion: 'v3',
      lastUpdated: new Date(3).toISOString(),
    });
    expect(Object.keys(written.data ?? {}).sort()).toEqual(['metadata', 'v1', 'v2', 'v3']);
  });

  it('stays below the limit of a ConfigMap: the oldest stay out, those in use never', () => {
    const large = (ms: number): ConfigurationVersion => version(ms, { text: randomBytes(150_000).toString('base64') });
    const many = [6, 5, 4, 3, 2, 1].map(large);
    const whole = { ...history(...many), api: { version: 'v1', createdSequence: 1 } };
    const written = historyConfigMap('tigateway', 'ns', whole, true);
    expect(JSON.stringify(written).length).toBeLessThan(2 ** 20);
    expect(historyOf(written).versions.map(({ version: name }) => name)).toEqual(['v6', 'v5', 'v4', 'v1']);
  });

  it('is refused where one version alone has no room', () => {
    expect(isTooLarge(version(1, 'x'.repeat(2_000_000)))).toBe(false);
    expect(isTooLarge(version(1, randomBytes(800_000).toString('base64')))).toBe(true);
  });

  it('keeps by number and by age what retention wants, and what is in use', () => {
    const whole = {
      ...history(version(9_000), version(8_000), version(5_000), version(1_000)),
      api: { version: 'v1000', createdSequence: 1 },
    };
    const names = (maxVersions: number, retentionMs: number): string[] =>
      retained(whole, { maxVersions, retentionMs, compression: true }, 10_000).versions.map((each) => each.version);
    expect(names(2, 100_000)).toEqual(['v9000', 'v8000', 'v1000']);
    expect(names(10, 4_000)).toEqual(['v9000', 'v8000', 'v1000']);
    expect(names(10, 1)).toEqual(['v9000', 'v1000']);
    expect(oldestDroppableMs(whole)).toBe(5_000);
  });
});

describe('what journal entries change in a history', () => {
  const current = (ms: number) => ({ ...KEY, version: `v${ms}`, hash: 'h', source: 'api' });
  const entry = (sequence: number, commit: Parameters<typeof patchesOf>[0]['commit']) =>
    [...patchesOf({ sequence, mark: '', commit }).values()][0];

  it('is the same one by one, together and twice', () => {
    const first = entry(1, { versions: [version(1)], putCurrent: [current(1)] });
    const second = entry(2, { versions: [version(2)], removeCurrent: [KEY] });
    if (!first || !second) throw new Error('no patch');
    const oneByOne = patched(patched(undefined, first), second);
    expect(oneByOne).toMatchObject({ sequence: 2, versions: [{ version: 'v2' }, { version: 'v1' }] });
    expect(oneByOne.current).toBeUndefined();
    expect(patched(undefined, joined(first, second))).toEqual(oneByOne);
    expect(patched(oneByOne, first)).toEqual(oneByOne);
  });
});
