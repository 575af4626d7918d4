import { join } from 'node:path';
import { SystemClock } from '@tigateway/model';
import { RouteCompiler, standardCatalogue } from '@tigateway/routing';
import { describe, expect, it } from 'vitest';
import { standardTrafficFilters } from './traffic-filters.js';

const client = {
  tokenUri: 'https://login.example.org/token',
  clientId: 'me',
  clientSecret: '',
  scopes: [],
  authentication: 'client_secret_basic',
  timeoutMs: 1_000,
} as const;
const filters = standardTrafficFilters(new SystemClock(), {
  descriptorFolders: [join(import.meta.dirname, 'testing/descriptors')],
  oauth2Clients: { 'my-client': client },
});
const compiler = new RouteCompiler(standardCatalogue([], filters), new SystemClock(), { ownListeners: [] });

describe('the filters of the traffic', () => {
  it.each(filters.map(({ name, example }) => [name, example]))('the example of %s loads: %s', (name, example) => {
    const { result, problems } = compiler.compileRoute({ id: 'r', uri: 'no://op', filters: [example] });
    expect(problems).toEqual([]);
    expect(String(result?.filters[0]?.filter)).toMatch(new RegExp(`^\\[${name} `));
    expect(example.startsWith(name)).toBe(true);
  });
});
