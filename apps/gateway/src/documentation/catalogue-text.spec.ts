import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { catalogueText } from './catalogue-text.js';

const file = join(import.meta.dirname, '../../../../docs/catalogue.md');

it('docs/catalogue.md says what is true now; `npm run docs` writes it anew', () => {
  expect(readFileSync(file, 'utf8')).toBe(catalogueText());
});

it('names every argument, with its type, its default and what it is for', () => {
  const text = catalogueText();
  expect(text).toContain('Shortcut: `StripPrefix=parts`. Example: `StripPrefix=2`');
  expect(text).toContain(
    '| `maxSize` | a size such as 512KB or 5MB | `5000000B` | How large a body may say that it is',
  );
  expect(text).toContain(
    '### LocalResponseCache\n\nKeeps responses to GET in memory and gives them again; one that sets a cookie is not kept. Order -4.\n',
  );
  expect(text).toContain('| `bucket4j-rate-limiter.capacity` | a whole number | required in `bucket4j-rate-limiter` |');
  for (const line of text.split('\n')) expect(line).not.toMatch(/^\| `.*\| {2}\|$/);
});
