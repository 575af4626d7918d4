import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '@tigateway/model';
import { RouteCompiler, standardCatalogue } from '@tigateway/routing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ingressRoutes, INGRESS_CONTROLLER, isOurs } from './ingress-routes.js';
import type { Ingress, IngressClass } from './ingress-types.js';

const FOLDER = join(import.meta.dirname, '../../../../../test/fixtures/golden/ingress');
const compiler = new RouteCompiler(standardCatalogue(), new SystemClock(), { ownListeners: [] });

/** Each Ingress beside its routes. `UPDATE_GOLDEN=1` writes the answers anew, to be read before they are committed. */
describe('an Ingress', () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

  it.each(names)('%s becomes what is written beside it', (name) => {
    const ingress = parse(readFileSync(join(FOLDER, name), 'utf8')) as Ingress;
    const made = JSON.stringify(ingressRoutes(ingress), null, 2) + '\n';
    const answer = join(FOLDER, `${name}.expected.json`);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(answer, made);
    expect(made).toBe(readFileSync(answer, 'utf8'));
  });

  it.each(names)('%s becomes routes that load', (name) => {
    const { objects } = ingressRoutes(parse(readFileSync(join(FOLDER, name), 'utf8')) as Ingress);
    expect(objects.flatMap(({ configuration }) => compiler.compileRoute(configuration).problems)).toEqual([]);
  });
});

describe('the class of an Ingress', () => {
  const ingress = (ingressClassName?: string, annotations: Record<string, string> = {}): Ingress => ({
    metadata: { name: 'web', namespace: 'shop', annotations },
    spec: { ...(ingressClassName !== undefined && { ingressClassName }) },
  });
  const aClass = (name: string, controller: string, isDefault = false): IngressClass => ({
    metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': String(isDefault) } },
    spec: { controller },
  });

  it.each<[string, Ingress, IngressClass[], boolean]>([
    ['the one of the settings, though it does not exist', ingress('tigateway'), [], true],
    ['one of our controller', ingress('edge'), [aClass('edge', INGRESS_CONTROLLER)], true],
    ['the one of the settings, but of another controller', ingress('tigateway'), [aClass('tigateway', 'x/y')], false],
    ['another', ingress('nginx'), [aClass('nginx', 'k8s.io/ingress-nginx')], false],
    ['unknown', ingress('edge'), [], false],
    ['none', ingress(), [aClass('edge', INGRESS_CONTROLLER)], false],
    ['none, and ours is the default', ingress(), [aClass('edge', INGRESS_CONTROLLER, true)], true],
    ['none, and another’s is the default', ingress(), [aClass('nginx', 'x/y', true)], false],
    ['in the old annotation', ingress(undefined, { 'kubernetes.io/ingress.class': 'tigateway' }), [], true],
  ])('is %s', (_, each, classes, expected) => {
    expect(isOurs(each, classes, 'tigateway')).toBe(expected);
  });
});
