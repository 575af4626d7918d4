import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { optimizingLater, usualBudgetBytes } from './late-optimization.js';

const { v8 } = process.versions;

describe('optimizing later', () => {
  it.runIf(usualBudgetBytes(v8) !== undefined)('knows what this version of V8 does by itself', () => {
    const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    const [, bytes] = /--interrupt-budget=(\d+)/.exec(options) ?? [];
    expect(usualBudgetBytes(v8)).toBe(Number(bytes));
  });

  it('knows nothing of another', () => {
    expect(usualBudgetBytes('999.1.2')).toBeUndefined();
  });

  it.each([v8, '999.1.2'])('gives what the work gives, by the version %s', async (version) => {
    expect(await optimizingLater(() => Promise.resolve('done'), version)).toBe('done');
    const failing = (): Promise<never> => Promise.reject(new Error('not done'));
    await expect(optimizingLater(failing, version)).rejects.toThrow('not done');
  });
});
