import { describe, expect, it } from 'vitest';
import { configMapDocuments } from './config-map-documents.js';

describe('the documents of a ConfigMap', () => {
  it('are its keys that are called like documents, named by ConfigMap and key', () => {
    const data = {
      'a.yaml': 'routes: []',
      'b.YML': 'b',
      'c.json': '{}',
      'notes.txt': 'x',
      '.hidden.yaml': 'x',
      yaml: 'x',
    };
    const binaryData = { 'd.yaml': 'cm91dGVzOiBbXQ==' };
    const found = configMapDocuments({ metadata: { namespace: 'tigateway', name: 'routes' }, data, ...{ binaryData } });
    expect(found.map(({ document }) => document)).toEqual(
      [
        ['configmap/tigateway/routes/a.yaml', 'yaml', 'routes: []'],
        ['configmap/tigateway/routes/b.YML', 'yaml', 'b'],
        ['configmap/tigateway/routes/c.json', 'json', '{}'],
      ].map(([name, format, text]) => ({ kind: 'text', name, format, text, placeholders: false })),
    );
  });

  it('are none where it holds nothing', () => {
    expect(configMapDocuments({ metadata: { namespace: 'tigateway', name: 'routes' } })).toEqual([]);
  });

  it.each([
    ['tigateway-config-update-policy', 'deferred'],
    ['tigateway-config-notification', 'deferred'],
    ['tigateway-config-notification-2', false],
  ])('in %s have placeholders: %s', (name, placeholders) => {
    const found = configMapDocuments({ metadata: { namespace: 'tigateway', name }, data: { 'a.yaml': 'x' } });
    expect(found).toMatchObject([{ document: { placeholders } }]);
  });
});
