import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { optimizeLater, usualBudgetBytes } from './late-optimization.js';

const { v8 } = process.versions;

describe('optimizing later', () => {
  it.runIf(usualBudgetBytes(v8) !== undefined)('knows what this version of V8 does by itself', () => {
    const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    const [, bytes] = /--interrupt-budget=(\d+)/.exec(options) ?? [];
    expect(usualBudgetBytes(v8)).toBe(Number(bytes));
  });

  it('changes nothing in a version that is not known', () => {
    expect(usualBudgetBytes('999.1.2')).toBeUndefined();
    expect(optimizeLater('999.1.2')()).toBeUndefined();
  });
});
