import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const run = promisify(execFile);

/** A package in TypeScript that somebody else keeps. */
const ACME = {
  'package.json': '{ "name": "acme-gateway", "version": "1.0.0", "type": "module" }',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      noEmitOnError: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      types: ['node'],
      rootDir: 'src',
      outDir: 'dist',
    },
  }),
  'src/index.ts': `
import { StampFilter, Stamps } from './stamp.filter.js';
import { TenantPredicate } from './tenant.predicate.js';

export const predicates = [TenantPredicate];
export const filters = [StampFilter];
export const providers = [Stamps];
`,
  'src/stamp.filter.ts': `
import { Injectable } from '@nestjs/common';
import { IsNotEmpty } from 'class-validator';
import { ComponentError, type FilterFactory, type GatewayFilter, Text } from 'tigateway/extension';

export class Stamps {
  count = 0;
}

class StampArgs {
  @Text({ about: 'The header that carries the stamp.' }) @IsNotEmpty() header = 'X-Stamp';
}

@Injectable()
export class StampFilter implements FilterFactory<StampArgs> {
  readonly name = 'Stamp';
  readonly args = StampArgs;
  readonly shortcut = { kind: 'fields', names: ['header'] } as const;
  readonly about = 'Numbers requests and responses.';
  readonly example = 'Stamp=X-Number';

  constructor(private readonly stamps: Stamps) {}

  compile({ header }: StampArgs): GatewayFilter {
    if (header === 'Host') throw new ComponentError('header', 'must not be Host');
    return {
      onRequest: ({ request, variables }) =>
        request.headers.set(header, \`\${variables['tenant']}-\${++this.stamps.count}\`),
      onResponse: ({ request, response }) => response.headers.set(header, request.headers.get(header) ?? ''),
      toString: () => \`[Stamp header = '\${header}']\`,
    };
  }
}
`,
  'src/tenant.predicate.ts': `
import { ListOf, type PredicateFactory, type RoutePredicate } from 'tigateway/extension';

class TenantArgs {
  @ListOf({ kind: 'text' }, { about: 'Who is let in.' }) tenants!: string[];
}

export class TenantPredicate implements PredicateFactory<TenantArgs> {
  readonly name = 'Tenant';
  readonly args = TenantArgs;
  readonly shortcut = { kind: 'gather', list: 'tenants', splitsCommas: true } as const;
  readonly about = 'The header X-Tenant names one of the tenants.';
  readonly example = 'Tenant=acme,globex';

  compile({ tenants }: TenantArgs): RoutePredicate {
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
};

let folder: string;

function write(name: string, content: string): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'acme-'));
  for (const [name, content] of Object.entries(ACME)) write(name, content);
  // The gateway as npm installs it, and beside it what the gateway shares at run time.
  await run('npm', ['run', 'build:types'], { cwd: ROOT });
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const { stdout: archive } = await run('npm', pack, { cwd: ROOT });
  const installed = join(folder, 'node_modules/tigateway');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', join(folder, archive.trim()), '-C', installed, '--strip-components=1']);
  for (const name of ['@nestjs', '@types', 'class-validator']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a predicate and a filter in TypeScript compile against the package and run in the gateway', async () => {
  await run(process.execPath, [TSC, '-p', folder]);
  const upstream = await Upstream.started((request, response) => response.end(JSON.stringify(request.headers)));
  const gateway = await GatewayProcess.started({
    tigateway: { extensions: [join(folder, 'dist/index.js')] },
    routes: {
      'a.yaml': `routes: [{ id: a, uri: "${upstream.url}", predicates: ["Tenant=acme, globex"], filters: [Stamp=X-Number] }]`,
    },
  });
  try {
    const response = await fetch(gateway.url, { headers: { 'x-tenant': 'globex' } });
    expect([response.status, response.headers.get('x-number')]).toEqual([200, 'globex-1']);
    expect(await response.json()).toMatchObject({ 'x-number': 'globex-1' });
    expect((await fetch(gateway.url, { headers: { 'x-tenant': 'initech' } })).status).toBe(404);
  } finally {
    await gateway.dispose();
    await upstream.stop();
  }
}, 120_000);

it('what a filter does with an exchange that it has not is found by the compiler', async () => {
  write(
    'wrong/wrong.ts',
    `import type { GatewayFilter } from 'tigateway/extension';
export const wrong: GatewayFilter = {
  onRequest: ({ request }) => request.headers.put('a', 'b'),
  onResponse: () => 7,
};
`,
  );
  write(
    'wrong/tsconfig.json',
    '{ "extends": "../tsconfig.json", "compilerOptions": { "noEmit": true, "rootDir": "." } }',
  );
  await expect(run(process.execPath, [TSC, '-p', join(folder, 'wrong')])).rejects.toMatchObject({
    stdout: expect.stringMatching(/wrong\.ts\(3,.*'put' does not exist[^]*wrong\.ts\(4,[^]*'number'/) as string,
  });
}, 120_000);
