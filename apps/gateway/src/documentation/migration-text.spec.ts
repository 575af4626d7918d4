import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FILTER_DIFFERENCES, PREDICATE_DIFFERENCES } from '@tigateway/configuration';
import { standardTrafficFilters } from '@tigateway/proxy';
import { standardCatalogue } from '@tigateway/routing';
import { SystemClock } from '@tigateway/model';
import { migrationText } from './migration-text.js';

const file = join(import.meta.dirname, '../../../../docs/migrating-from-spring-cloud-gateway.md');

it('docs/migrating-from-spring-cloud-gateway.md says what is true now; `npm run docs` writes it anew', () => {
  const page = readFileSync(file, 'utf8');
  expect(page).toBe(migrationText(page));
});

it('speaks of predicates and filters that there are', () => {
  const { predicates, filters } = standardCatalogue([], standardTrafficFilters(new SystemClock()));
  const names = (factories: readonly { readonly name: string }[]): string[] => factories.map(({ name }) => name);
  expect(names(predicates)).toEqual(expect.arrayContaining(Object.keys(PREDICATE_DIFFERENCES)));
  expect(names(filters)).toEqual(expect.arrayContaining(Object.keys(FILTER_DIFFERENCES)));
});
