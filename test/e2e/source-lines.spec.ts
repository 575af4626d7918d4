import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

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
