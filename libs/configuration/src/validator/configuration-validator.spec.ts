import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Flag, Int, type Json, keyText, type ParsedObject, SystemClock, Text } from '@tigateway/model';
import { ROUTING_GLOBAL_SETTINGS, RouteCompiler, standardCatalogue } from '@tigateway/routing';
import { UPDATE_POLICY } from '../reloader/update-policy.settings.js';
import { ConfigurationParser } from '../parser/configuration-parser.js';
import { ConfigurationValidator } from './configuration-validator.js';
import { ALL_STEPS, type ValidationContext } from './validation-context.js';

class MailSettings {
  @Flag() enabled = false;
  @Text({ optional: true }) password?: string;
  @Int() port = 587;
}

/** The notifications' own settings are in a lib that this one does not know. */
const SCHEMAS = [...ROUTING_GLOBAL_SETTINGS, UPDATE_POLICY, { configId: 'notification', type: MailSettings }];

const ENVIRONMENT = { PORT: 'sixty', PASSWORD: 'hunter2' };

function validator(): ConfigurationValidator {
  const compiler = new RouteCompiler(standardCatalogue(), new SystemClock(), {
    ownListeners: [{ address: '0.0.0.0', port: 8080 }],
  });
  return new ConfigurationValidator(compiler, SCHEMAS, ENVIRONMENT);
}

function parse(text: string): ParsedObject[] {
  const document = { kind: 'text', name: 'x.yaml', format: 'yaml', text, placeholders: true } as const;
  const { objects, problems } = new ConfigurationParser().parse('file', document, ENVIRONMENT);
  expect(problems).toEqual([]);
  return [...objects];
}

function context(overrides: Partial<ValidationContext> = {}): ValidationContext {
  return { steps: ALL_STEPS, surroundings: { exists: () => false }, missingDependency: 'error', ...overrides };
}

const FOLDER = join(import.meta.dirname, '../../../../test/fixtures/golden/validator');

/** Each document beside the report on it. `UPDATE_GOLDEN=1` writes the reports anew, to be read before they are committed. */
describe('the validator reports on', () => {
  for (const name of readdirSync(FOLDER).filter((each) => each.endsWith('.yaml'))) {
    it(`${name} what is written beside it`, async () => {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      const document = { kind: 'text', name, format: 'yaml', text, placeholders: true } as const;
      const parsed = new ConfigurationParser().parse('file', document, ENVIRONMENT);
      const { valid, errors, warnings } = await validator().validateDocument(
        parsed,
        context({ text, missingDependency: 'warning' }),
      );
      const written = JSON.stringify({ valid, errors, warnings }, null, 2) + '\n';
      const answer = join(FOLDER, `${name}.expected.json`);
      if (process.env['UPDATE_GOLDEN']) writeFileSync(answer, written);
      expect(written).toBe(readFileSync(answer, 'utf8'));
    });
  }
});

describe('ConfigurationValidator', () => {
  it('points into what was sent', () => {
    const { problems } = validator().validateRoute({ id: 'a', uri: 'nowhere' }, '/changes/3/configuration');
    expect(problems).toMatchObject([{ pointer: '/changes/3/configuration/uri' }]);
  });

  describe('a filter that names a route by its whole id', () => {
    const filter = 'filters: [{ id: f, name: PreserveHostHeader, routes: [orders, "orders-*"] }]';
    const routes = 'routes: [{ id: orders, uri: "http://127.0.0.1:1", predicates: [Path=/] }]';

    it('is refused where no such route is, and only for the whole id', async () => {
      const { problems } = await validator().validate(parse(filter), context());
      expect(problems).toMatchObject([{ pointer: '/filters/0/routes/0', code: 'unknown-route' }]);
    });

    it('is warned of where documents may come in any order', async () => {
      const verdict = await validator().validate(parse(filter), context({ missingDependency: 'warning' }));
      expect(verdict).toMatchObject({ problems: [], warnings: [{ code: 'unknown-route' }] });
    });

    it.each([
      ['comes with it', `${filter}\n${routes}`, () => false],
      ['is there already', filter, (key: string) => key === 'route:orders'],
    ])('is sound where the route %s', async (_, text, exists) => {
      const surroundings = { exists: (key: Parameters<typeof keyText>[0]) => exists(keyText(key)) };
      expect((await validator().validate(parse(text), context({ surroundings }))).problems).toEqual([]);
    });

    it('is not looked at where the step is off', async () => {
      const steps = { ...ALL_STEPS, dependencies: false };
      expect((await validator().validate(parse(filter), context({ steps }))).problems).toEqual([]);
    });
  });

  describe('a route that forwards', () => {
    const forwarding = 'routes: [{ id: a, uri: "forward:/fallback/x", predicates: [Path=/a] }';

    it.each([
      ['warned of where no route takes the path', `${forwarding}]`, false, ['unknown-forward-target']],
      [
        'sound where a route beside it does',
        `${forwarding}, { id: b, uri: "no://op", predicates: ["Path=/fallback/**"] }]`,
        false,
        [],
      ],
      [
        'warned of where that route is off',
        `${forwarding}, { id: b, enabled: false, uri: "no://op", predicates: ["Path=/fallback/**"] }]`,
        false,
        ['unknown-forward-target'],
      ],
      ['sound where a route does that is there already', `${forwarding}]`, true, []],
    ])('is %s', async (_, text, serves, codes) => {
      const surroundings = { exists: () => false, mayServe: () => serves };
      const { problems, warnings } = await validator().validate(parse(text), context({ surroundings }));
      expect(problems).toEqual([]);
      expect(warnings.map(({ code }) => code)).toEqual(codes);
    });
  });

  it.each([
    ['schema', 'routes: [{ id: a, uri: "http://h", predicates: [Pth=/a] }]', 'unknown-predicate'],
    ['schema', 'routes: [{ id: a, uri: "http://h", predicates: [Path=/a], oder: 1 }]', 'unknown-property'],
    ['semantics', 'routes: [{ id: a, uri: "http://127.0.0.1:8080", predicates: [Path=/a] }]', 'own-port'],
    ['semantics', 'routes: [{ id: a, uri: localhost:1, predicates: [Path=/a] }]', 'invalid-uri'],
  ] as const)('has the step %s for %s', async (step, text, code) => {
    const objects = parse(text);
    expect((await validator().validate(objects, context())).problems).toMatchObject([{ code }]);
    const without = context({ steps: { ...ALL_STEPS, [step]: false } });
    expect((await validator().validate(objects, without)).problems).toEqual([]);
  });

  it('asks of JSON from the API what the parser asks of documents', async () => {
    const nested = (depth: number): Json => (depth === 0 ? 1 : [nested(depth - 1)]);
    const configuration = JSON.parse('{"__proto__":{"a":1}}') as Json;
    const position = { source: 'api', document: 'x', line: 0, column: 0 };
    const objects: ParsedObject[] = [
      {
        configType: 'global',
        configId: 'a/b',
        configuration: nested(65),
        pointer: '/changes/0/configuration',
        position,
      },
      { configType: 'global', configId: 'constructor', configuration, pointer: '', position },
    ];
    const { problems } = await validator().validate(objects, context());
    expect(problems.map(({ code }) => code)).toEqual(['invalid-id', 'too-deep', 'invalid-id', 'forbidden-key']);
    expect(problems[3]?.pointer).toBe('/__proto__');
    const without = context({ steps: { ...ALL_STEPS, syntax: false } });
    expect((await validator().validate(objects, without)).problems).toEqual([]);
  });

  it('checks what placeholders of the operator stand for, and never tells it', async () => {
    const text = 'notification: { port: "${PORT}", password: "${PASSWORD}", enabled: "${UNSET:true}" }';
    const { problems } = await validator().validate(parse(text), context());
    expect(problems).toMatchObject([{ pointer: '/notification/port', code: 'wrong-type' }]);
    expect(JSON.stringify(problems)).not.toContain('sixty');
    expect(problems[0]?.message).toContain('${PORT}');
  });

  it('lets a global be anything that nobody has declared', async () => {
    expect((await validator().validate(parse('globals: { my-flags: [1, { a: null }] }'), context())).problems).toEqual(
      [],
    );
  });
});
