import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationParser } from './configuration-parser.js';

const FOLDER = join(import.meta.dirname, '../../../../test/fixtures/golden/parser');
const ENVIRONMENT = { DOMAIN: 'example.org', SLACK_URL: 'https://never.shown', USERS_HOME_DIR: '/home/users' };

/** Each document beside what must come of it. `UPDATE_GOLDEN=1` writes the answers anew, to be read before they are committed. */
describe('the parser turns', () => {
  for (const name of readdirSync(FOLDER).filter((each) => /(?<!\.expected)\.(yaml|json)$/.test(each))) {
    it(`${name} into what is written beside it`, () => {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      const format = name.endsWith('.json') ? 'json' : 'yaml';
      const document = { kind: 'text', name, format, text, placeholders: true } as const;
      const parsed = JSON.stringify(new ConfigurationParser().parse('file', document, ENVIRONMENT), null, 2) + '\n';
      const answer = join(FOLDER, `${name}.expected.json`);
      if (process.env['UPDATE_GOLDEN']) writeFileSync(answer, parsed);
      expect(parsed).toBe(readFileSync(answer, 'utf8'));
    });
  }
});
