import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

/** A package that somebody else keeps: nothing is installed in it. */
const ACME = {
  'package.json': '{ "name": "acme-gateway", "version": "1.0.0", "type": "module" }',
  'index.js': `
import { TenantPredicate } from './tenant.predicate.js';
import { StampFilter, Stamps } from './stamp.filter.js';

export const predicates = [TenantPredicate];
export const filters = [StampFilter];
export const providers = [Stamps];
`,
  'tenant.predicate.js': `
import { ListOf } from 'tigateway/extension';
import { ArrayNotEmpty } from 'class-validator';

class TenantArgs {}
ListOf({ kind: 'text' })(TenantArgs.prototype, 'tenants');
ArrayNotEmpty({ message: '"tenants" must name one' })(TenantArgs.prototype, 'tenants');

export class TenantPredicate {
  name = 'Tenant';
  args = TenantArgs;
  shortcut = { kind: 'gather', list: 'tenants', splitsCommas: true };
  about = 'The header X-Tenant names one of the tenants.';
  example = 'Tenant=acme,globex';

  compile({ tenants }) {
    const known = new Set(tenants);
    return {
      variables: ['tenant'],
      matches(request, capture) {
        const tenant = request.headers.get('x-tenant');
        if (tenant === undefined || !known.has(tenant)) return false;
        capture.set('tenant', tenant);
        return true;
      },
      toString: () => \`Tenants: [\${tenants.join(', ')}]\`,
    };
  }
}
`,
  'stamp.filter.js': `
import { Inject, Injectable } from '@nestjs/common';
import { ComponentError, Text } from 'tigateway/extension';

export class Stamps {
  count = 0;
}

class StampArgs {
  header = 'X-Stamp';
}
Text({ about: 'The header that carries the stamp.' })(StampArgs.prototype, 'header');

export class StampFilter {
  name = 'Stamp';
  args = StampArgs;
  shortcut = { kind: 'fields', names: ['header'] };
  about = 'Numbers requests and responses.';
  example = 'Stamp=X-Number';

  constructor(stamps) {
    this.stamps = stamps;
  }

  compile({ header }) {
    if (header === 'Host') throw new ComponentError('header', 'must not be Host');
    const { stamps } = this;
    return {
      onRequest: ({ request, variables }) => request.headers.set(header, \`\${variables.tenant}-\${++stamps.count}\`),
      onResponse: ({ request, response }) => response.headers.set(header, request.headers.get(header)),
      toString: () => \`[Stamp header = '\${header}']\`,
    };
  }
}
Injectable()(StampFilter);
Inject(Stamps)(StampFilter, undefined, 0);
`,
};

const route = (uri: string, extra = ''): string =>
  `routes: [{ id: a, uri: "${uri}", predicates: ["Tenant=acme, globex"], filters: [Stamp=X-Number${extra}] }]`;

let upstream: Upstream;
let gateway: GatewayProcess;

beforeEach(async () => {
  upstream = await Upstream.started((request, response) => response.end(JSON.stringify(request.headers)));
});
afterEach(async () => {
  await gateway.dispose();
  await upstream.stop();
});

async function prepared(
  files: Readonly<Record<string, string>>,
  tigateway: Readonly<Record<string, unknown>>,
  server: object = {},
): Promise<void> {
  gateway = await GatewayProcess.prepare({ server, tigateway, routes: { 'a.yaml': route(upstream.url) } });
  for (const [name, content] of Object.entries(files)) {
    const file = join(gateway.folder, 'acme', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

describe('a predicate and a filter of another package', () => {
  it.each([1, 2])('take part in all like the gateway’s own where %i process serves', async (workers) => {
    await prepared(ACME, { extensions: ['./acme/index.js'] }, { workers });
    await gateway.start();
    const ask = (tenant: string): Promise<Response> => fetch(`${gateway.url}/x`, { headers: { 'x-tenant': tenant } });

    const first = await ask('acme');
    expect([first.status, first.headers.get('x-number')]).toEqual([200, 'acme-1']);
    expect(await first.text()).toContain('acme-1');
    // What a filter remembers, each worker remembers for itself.
    expect((await ask('globex')).headers.get('x-number')).toMatch(workers === 1 ? /^globex-2$/ : /^globex-[12]$/);
    expect((await ask('initech')).status).toBe(404);

    const [live] = (await (await fetch(`${gateway.adminUrl}/actuator/gateway/routes`)).json()) as object[];
    expect(live).toMatchObject({
      predicate: 'Tenants: [acme, globex]',
      filters: ["[[Stamp header = 'X-Number'], order = 1]"],
    });
    const put = (filter: string): Promise<Response> =>
      fetch(`${gateway.adminUrl}/api/configuration/routes/b`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ uri: upstream.url, predicates: ['Tenant=acme'], filters: [filter] }),
      });
    expect((await put('Stamp=Host')).status).toBe(400);
    const refused = (await (await put('Stamp=X-A, X-B')).json()) as object;
    expect(refused).toMatchObject({ errors: [{ pointer: '/filters/0', code: 'surplus-argument' }] });
  });

  it.each<[string, Record<string, string>, string]>([
    ['there is no such file', {}, 'there is no such file'],
    ['it cannot be read', { 'index.js': 'export const filters = [' }, 'cannot be loaded as an ES module'],
    [
      'it exports nothing',
      { 'index.js': 'export class Stray {}' },
      'expected an export "predicates" or "filters", an array of classes; found Stray',
    ],
    ['a list is none', { 'index.js': 'export const filters = {};' }, 'expected the export "filters" to be an array'],
    [
      'a filter is none',
      { 'index.js': 'export const filters = [class Stamp {}];' },
      'expected "filters" to hold classes with a method "compile"; 0 is none',
    ],
    [
      'a filter has no arguments',
      { 'index.js': "export const filters = [class Stamp { name = 'Stamp'; compile() {} }];" },
      'Stamp: a filter needs "args", the class of its arguments',
    ],
    [
      'a name is taken',
      {
        'index.js': `export const filters = [class Mine {
          name = 'StripPrefix'; args = class {}; shortcut = { kind: 'fields', names: [] }; compile() { return {}; }
        }];`,
      },
      'Mine: there are two factories for the filter "StripPrefix"',
    ],
    [
      'what it injects is not there',
      {
        ...ACME,
        'index.js': "import { StampFilter } from './stamp.filter.js';\nexport const filters = [StampFilter];",
      },
      'StampFilter: Nest can',
    ],
  ])('that are wrong end the start in one line: %s', async (_, files, message) => {
    await prepared(Object.hasOwn(files, 'package.json') ? files : { ...files, 'package.json': '{"type":"module"}' }, {
      extensions: ['./acme/index.js'],
    });
    expect(await gateway.run()).toBe(1);
    const [line = ''] = gateway.output.split('\n').filter((each) => each.startsWith('tigateway did not start'));
    expect(line).toMatch(/tigateway\.yml:1:\d+: .*acme\/index\.js: /);
    expect(line).toContain(message);
  });
});

describe('tigateway.disabled', () => {
  it('makes a filter unknown to everybody', async () => {
    await prepared(ACME, { extensions: ['./acme/index.js'], disabled: { filters: ['Stamp', 'Retry'] } });
    await gateway.start();
    const filters = (await (await fetch(`${gateway.adminUrl}/actuator/gateway/routefilters`)).json()) as object;
    expect(filters).toHaveProperty('StripPrefix');
    expect(filters).not.toHaveProperty('Retry');
    const status = await (await fetch(`${gateway.adminUrl}/actuator/configuration/status`)).text();
    expect(status).toContain('there is no filter \\"Stamp\\": tigateway.disabled.filters switches it off');
  });

  it('ends the start where it names what is not there', async () => {
    await prepared({}, { disabled: { predicates: ['Pth'] } });
    expect(await gateway.run()).toBe(1);
    expect(gateway.output).toContain('tigateway did not start: there is no predicate "Pth" to be disabled');
  });
});
