import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '@tigateway/model';
import { RouteCompiler, ROUTING_GLOBAL_SETTINGS, standardCatalogue } from '@tigateway/routing';
import { ConfigurationParser } from '../parser/configuration-parser.js';
import type { ValidationReport } from '../reloader/configuration-api.js';
import { ConfigurationValidator } from '../validator/configuration-validator.js';
import { ALL_STEPS } from '../validator/validation-context.js';

async function reportOn(text: string, name = 'application.yml'): Promise<ValidationReport> {
  const compiler = new RouteCompiler(standardCatalogue(), new SystemClock(), { ownListeners: [] });
  const validator = new ConfigurationValidator(compiler, ROUTING_GLOBAL_SETTINGS, {});
  const document = { kind: 'text', name, format: 'yaml', text, placeholders: true } as const;
  return validator.validateDocument(new ConfigurationParser().read('request', document, {}), {
    steps: ALL_STEPS,
    surroundings: { exists: () => false },
    missingDependency: 'warning',
    text,
  });
}

/** `line: subject: message` of each entry, by where it was sorted. */
function linesOf({ valid, migration }: ValidationReport): string {
  const lines = Object.entries(migration ?? {}).flatMap(([list, entries]) => [
    `${list}:`,
    ...(entries as NonNullable<ValidationReport['migration']>['taken']).map(
      ({ position: { line, column }, subject, message }) => `  ${line}:${column} ${subject}: ${message}`,
    ),
  ]);
  return [`valid: ${valid}`, ...lines, ''].join('\n');
}

const FOLDER = join(import.meta.dirname, '../../../../test/fixtures/golden/migration');

/** Each document beside what is said of it. `UPDATE_GOLDEN=1` writes the answers anew, to be read before they are committed. */
describe('the migration report', () => {
  for (const name of readdirSync(FOLDER).filter((each) => each.endsWith('.yml'))) {
    it(`of ${name} is what is written beside it`, async () => {
      const lines = linesOf(await reportOn(readFileSync(join(FOLDER, name), 'utf8'), name));
      const answer = join(FOLDER, `${name}.expected.txt`);
      if (process.env['UPDATE_GOLDEN']) writeFileSync(answer, lines);
      expect(lines).toBe(readFileSync(answer, 'utf8'));
    });
  }

  it('is not made of a document that has no Spring root', async () => {
    expect(await reportOn('routes: [{ id: a, uri: "http://a", predicates: [Path=/] }]')).not.toHaveProperty(
      'migration',
    );
  });

  it('points to each part', async () => {
    const { migration } = await reportOn(
      'spring.cloud.gateway.routes[0]: { id: a, uri: "http://a", predicates: [Host=a], filters: [Nope=1] }',
    );
    expect(migration?.differs).toContainEqual(
      expect.objectContaining({ pointer: '/spring/cloud/gateway/routes/0/predicates/0' }),
    );
    expect(migration?.refused).toMatchObject([{ subject: 'route "a", filter Nope', position: { line: 1 } }]);
  });
});
