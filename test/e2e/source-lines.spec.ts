import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

const BUILT = new URL('../../dist/', import.meta.url);
const THROWING = 'libs/model/src/address-set';

/** Runs a module beside the built gateway. @returns what it printed */
async function printedBy(...lines: string[]): Promise<string> {
  const script = [
    `import { nameSourceLines } from '${BUILT.href}apps/gateway/src/lifecycle/source-lines.js';`,
    'nameSourceLines();',
    ...lines,
  ].join('\n');
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return stdout;
}

describe('a stack', () => {
  it('names the line of the source that threw', async () => {
    const stack = await printedBy(
      `import { AddressSet } from '${BUILT.href}${THROWING}.js';`,
      "try { new AddressSet(['here']); } catch (error) { console.log(error.stack); }",
    );
    const [, line] = new RegExp(`${THROWING}\\.ts:(\\d+):\\d+`).exec(stack) ?? [];
    const source = readFileSync(new URL(`../../${THROWING}.ts`, import.meta.url), 'utf8').split('\n');
    expect(source[Number(line) - 1]).toContain('throw');
  });

  it.each([
    ['names no file', { version: 3, sources: ['webpack:///x.ts'], names: [], mappings: 'AAAA' }],
    ['is none', 'nothing'],
  ])('stays as it is where the map %s', async (_, map) => {
    const folder = mkdtempSync(join(tmpdir(), 'tigateway-stack-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'mapped.mjs');
    writeFileSync(file, "export const error = new Error('no');\n");
    writeFileSync(`${file}.map`, JSON.stringify(map));
    const stack = await printedBy(`import { error } from '${pathToFileURL(file).href}';`, 'console.log(error.stack);');
    expect(stack).toMatch(/^Error: no\n {4}at file:.*mapped\.mjs:1:\d+\n/);
  });

  it.each([
    ['a message', "new TypeError('no')", /^TypeError: no\n {4}at file:/],
    [
      'the code of one of Node',
      '(() => { try { Buffer.from(1) } catch (error) { return error } })()',
      /\[ERR_INVALID_ARG_TYPE\]/,
    ],
    ['no text at all', 'Object.assign(new Error(), { toString() { throw 1 } })', /^Error\n {4}at /],
  ])('begins with %s', async (_, error, expected) => {
    expect(await printedBy(`console.log((${error}).stack);`)).toMatch(expected);
  });
});
