import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const BUILT = new URL('../../../../dist/apps/gateway/src/lifecycle/kept-memory.js', import.meta.url).href;

interface Report {
  readonly header: { readonly glibcVersionRuntime?: string };
}

const isGlibc = (process.report.getReport() as unknown as Report).header.glibcVersionRuntime !== undefined;

/** How often a process is given a page by the system while it takes 100 times 8 MB in small buffers and lets them go. */
function pagesAskedFor(before: string): number {
  const script = `
    import { keepFreedMemory } from ${JSON.stringify(BUILT)};
    ${before};
    gc();
    const { minorPageFault: first } = process.resourceUsage();
    for (let round = 0; round < 100; round++) {
      for (let at = 0; at < 128; at++) Buffer.allocUnsafeSlow(65_536).fill(1);
      gc();
    }
    console.log(process.resourceUsage().minorPageFault - first);`;
  const options = ['--expose-gc', '--input-type=module', '--eval', script];
  return Number(execFileSync(process.execPath, options, { encoding: 'utf8' }));
}

it.runIf(isGlibc)('memory that was used once is not asked for again', () => {
  expect(pagesAskedFor('keepFreedMemory()')).toBeLessThan(pagesAskedFor('') / 2);
});
