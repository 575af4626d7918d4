import type { Json } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import {
  type CustomResource,
  type CustomResourceKind,
  customResourceDocuments,
  definitionOf,
} from './custom-resource.js';

const ROUTE = { id: 'user-service', uri: 'http://users.test' };

function resource(spec: Json, name = 'users'): CustomResource {
  return { metadata: { namespace: 'shop', name, uid: 'u1', generation: 3 }, spec };
}

function nested(depth: number): Json {
  let value: Json = 'x';
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

describe('a custom resource', () => {
  it.each<[CustomResourceKind, Json, object]>([
    [
      'TiGatewayRoute',
      { route: ROUTE, enabled: true },
      { configType: 'route', configId: 'user-service', configuration: ROUTE, pointer: '/spec/route' },
    ],
    [
      'TiGatewayRoute',
      { route: { ...ROUTE, enabled: true }, enabled: false },
      { configType: 'route', configId: 'user-service', configuration: { ...ROUTE, enabled: false } },
    ],
    [
      'TiGatewayRoute',
      { route: { ...ROUTE, enabled: false }, enabled: true },
      { configType: 'route', configId: 'user-service', configuration: { ...ROUTE, enabled: false } },
    ],
    [
      'TiGatewayFilter',
      { filter: { id: 'f', name: 'SetStatus' }, enabled: false },
      {
        configType: 'filter',
        configId: 'f',
        configuration: { id: 'f', name: 'SetStatus', enabled: false },
        pointer: '/spec/filter',
      },
    ],
    [
      'TiGatewayConfig',
      { configId: 'default-filters', configuration: ['StripPrefix=1'] },
      {
        configType: 'global',
        configId: 'default-filters',
        configuration: ['StripPrefix=1'],
        pointer: '/spec/configuration',
      },
    ],
    [
      'TiGatewayConfig',
      { configId: 'notification', configuration: { notification: { slack: {} } } },
      { configType: 'global', configId: 'notification', configuration: { slack: {} } },
    ],
  ])('%s %j defines %j', (kind, spec, expected) => {
    const { object, problems } = definitionOf(kind, resource(spec));
    expect(problems).toEqual([]);
    expect(object).toMatchObject(expected);
    expect(object?.position).toEqual({ source: 'crd', document: `${kind}/shop/users`, line: 0, column: 0 });
    expect(object?.deferredPlaceholders).toBeUndefined();
  });

  it.each<[CustomResourceKind, Json, string]>([
    ['TiGatewayRoute', {}, '/spec/route'],
    ['TiGatewayRoute', null, '/spec/route'],
    ['TiGatewayRoute', { route: { uri: 'http://a' } }, '/spec/route/id'],
    ['TiGatewayFilter', { filter: [] }, '/spec/filter'],
    ['TiGatewayConfig', { configuration: {} }, '/spec/configId'],
    ['TiGatewayConfig', { configId: 'cors' }, '/spec/configuration'],
    ['TiGatewayRoute', { route: { ...ROUTE, metadata: nested(10_000) } }, '/spec'],
  ])('%s without what it takes is refused with the place: %#', (kind, spec, pointer) => {
    const [{ document } = { document: undefined }] = customResourceDocuments('tigateway', kind, resource(spec));
    expect(document).toMatchObject({
      objects: [],
      problems: [{ pointer, position: { document: `${kind}/shop/users` } }],
    });
  });

  it.each([
    [undefined, 1],
    ['tigateway', 1],
    ['other', 0],
  ])('that names the gateway %s gives %i documents', (gateway, count) => {
    const spec = { route: ROUTE, ...(gateway !== undefined && { gateway }) };
    expect(customResourceDocuments('tigateway', 'TiGatewayRoute', resource(spec))).toHaveLength(count);
  });
});
