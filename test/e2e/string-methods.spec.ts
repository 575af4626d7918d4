import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const GATEWAY = new URL('../../dist/apps/gateway/src/gateway.js', import.meta.url).href;

/**
 * A class that extends `String`, wherever it is loaded, puts `String.prototype` into V8's slow mode for good: from then on no call
 * of a string's method is inlined, which cost the data path a fifth of its own time.
 */
it('nothing that the gateway loads slows down the methods of strings', async () => {
  const script = `await import(${JSON.stringify(GATEWAY)}); console.log(%HasFastProperties(String.prototype)); process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--allow-natives-syntax',
    '--input-type=module',
    '--eval',
    script,
  ]);
  expect(stdout.trim()).toBe('true');
});
