import jsonPatch, { type Operation } from 'fast-json-patch';
import { describe, expect, it } from 'vitest';
import { contentDiff } from './content-diff.js';
import type { Json, JsonObject } from './json.js';
import { maskSecrets } from './secrets.js';

const ROUTE: Json = { id: 'a', uri: 'http://one', predicates: ['Path=/a/**'], metadata: { timeout: 1 } };

describe('contentDiff', () => {
  it.each<[what: string, from: Json, to: Json, patch: JsonObject[]]>([
    ['nothing', ROUTE, { ...ROUTE }, []],
    ['a value', ROUTE, { ...ROUTE, uri: 'http://two' }, [{ op: 'replace', path: '/uri', value: 'http://two' }]],
    ['a new member', ROUTE, { ...ROUTE, order: 1 }, [{ op: 'add', path: '/order', value: 1 }]],
    [
      'a member less',
      ROUTE,
      { id: 'a', uri: 'http://one', predicates: ['Path=/a/**'] },
      [{ op: 'remove', path: '/metadata' }],
    ],
    ['a name with a slash', { 'a/b~c': 1 }, { 'a/b~c': 2 }, [{ op: 'replace', path: '/a~1b~0c', value: 2 }]],
    ['a creation after a deletion', null, { id: 'a' }, [{ op: 'replace', path: '', value: { id: 'a' } }]],
    ['a deletion', { id: 'a' }, null, [{ op: 'replace', path: '', value: null }]],
    ['two deletions', null, null, []],
    ['a list that became an object', ['a'], { a: 1 }, [{ op: 'replace', path: '', value: { a: 1 } }]],
    ['equal texts', 'a', 'a', []],
  ])('tells %s', (_, from, to, patch) => {
    expect(contentDiff(from, to)).toEqual(patch);
  });

  it.each<[what: string, from: Json, to: Json, patch: JsonObject[]]>([
    ['changed', { secret: 'a' }, { secret: 'b' }, [{ op: 'replace', path: '/secret', value: '***' }]],
    ['added', {}, { smtp: { password: 'a' } }, [{ op: 'add', path: '/smtp', value: { password: '***' } }]],
    ['removed', { token: 'a' }, {}, [{ op: 'remove', path: '/token' }]],
    ['emptied', { token: 'a' }, { token: '' }, [{ op: 'replace', path: '/token', value: '' }]],
    [
      'changed in several places inside',
      { a: [{ secret: { x: 1, y: 1 } }] },
      { a: [{ secret: { x: 2, z: 3 } }] },
      [{ op: 'replace', path: '/a/0/secret', value: '***' }],
    ],
    ['created', null, { 'webhook-url': 'https://x' }, [{ op: 'replace', path: '', value: { 'webhook-url': '***' } }]],
  ])('shows that a secret was %s, not the secret', (_, from, to, patch) => {
    expect(contentDiff(from, to)).toEqual(patch);
  });

  it('leads from the one shown content to the other', () => {
    const from: Json = { a: [1, 2, 3], password: 'x', b: { token: 'y', c: [{ d: 1 }] }, e: null };
    const to: Json = { a: [2, 3], password: 'z', b: { c: [{ d: 2 }, { token: 't' }] }, f: { secret: 's' } };
    const shown = JSON.parse(JSON.stringify(maskSecrets(from))) as object;
    const patched = jsonPatch.applyPatch(shown, contentDiff(from, to) as unknown as Operation[]).newDocument;
    expect(patched).toEqual(maskSecrets(to));
  });
});
