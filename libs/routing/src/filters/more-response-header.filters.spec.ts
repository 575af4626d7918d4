import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { DedupeResponseHeaderFilterFactory } from './dedupe-response-header.filter.js';
import { anExchange, filterOf } from './filter.fixture.js';
import { RewriteLocationResponseHeaderFilterFactory } from './rewrite-location-response-header.filter.js';
import { RewriteResponseHeaderFilterFactory } from './rewrite-response-header.filter.js';
import { SecureHeadersSettings } from '../globals/secure-headers.settings.js';
import { SecureHeadersFilterFactory } from './secure-headers.filter.js';

describe('RewriteResponseHeader', () => {
  const { compile, onResponse, refusals } = filterOf(new RewriteResponseHeaderFilterFactory());
  const definition = 'RewriteResponseHeader=X, , password=[^&]+, password=***';

  it('rewrites every value', () => {
    const headers = ['x', '?a&password=1', 'Y', 'password=1', 'X', 'password=2&b'];
    expect(onResponse(definition, headers).response.headers.raw).toEqual([
      ...['Y', 'password=1'],
      ...['X', '?a&password=***', 'X', 'password=***&b'],
    ]);
    expect(onResponse(definition, ['Y', '1']).response.headers.raw).toEqual(['Y', '1']);
  });

  it('shows itself and refuses control characters', () => {
    expect(String(compile(definition))).toBe(
      "[RewriteResponseHeader name = 'X', regexp = 'password=[^&]+', replacement = 'password=***']",
    );
    expect(
      refusals({ name: 'RewriteResponseHeader', args: { name: 'X', regexp: 'a', replacement: 'b\r\nC: d' } }),
    ).toEqual(['invalid-argument /args/replacement']);
  });
});

describe('DedupeResponseHeader', () => {
  const { compile, onResponse, refusals } = filterOf(new DedupeResponseHeaderFilterFactory());
  const headers = ['a', '1', 'B', 'x, x', 'A', '2', 'A', '1'];

  it.each([
    ['DedupeResponseHeader=A B', ['a', '1', 'B', 'x, x']],
    ['DedupeResponseHeader=B  A, RETAIN_LAST', ['a', '1', 'B', 'x, x']],
    ['DedupeResponseHeader=A, retain-unique', ['a', '1', 'B', 'x, x', 'A', '2']],
    ['DedupeResponseHeader=C', headers],
  ])('%s', (definition, expected) => {
    expect(onResponse(definition, headers).response.headers.raw).toEqual(expected);
  });

  it('keeps the last line where it is told so', () => {
    expect(onResponse('DedupeResponseHeader=A, RETAIN_LAST', ['A', '1', 'A', '2']).response.headers.raw).toEqual([
      'A',
      '2',
    ]);
  });

  it('shows itself and refuses what is no strategy', () => {
    expect(String(compile('DedupeResponseHeader=A B'))).toBe('[DedupeResponseHeader A B = RETAIN_FIRST]');
    expect(refusals('DedupeResponseHeader=A, RETAIN_ALL')).toEqual(['wrong-type']);
    expect(refusals('DedupeResponseHeader=A:')).toEqual(['invalid-argument']);
  });
});

describe('RewriteLocationResponseHeader', () => {
  const { compile, onResponse, refusals } = filterOf(new RewriteLocationResponseHeaderFilterFactory());
  const filter = 'RewriteLocationResponseHeader';

  it.each([
    [filter, '/some/x', 'https://svc:8443/v2/some/1', 'https://api.io/some/1'],
    [filter, '/v1/some/x', 'https://svc:8443/v2/some/1', 'https://api.io/v2/some/1'],
    [`${filter}=NEVER_STRIP`, '/x', 'http://svc/v2/y', 'http://api.io/v2/y'],
    [`${filter}=ALWAYS_STRIP`, '/v1/x', 'http://svc/v2/y', 'http://api.io/y'],
    [`${filter}=AS_IN_REQUEST, Location, other.io:81`, '/x', 'http://svc/y', 'http://other.io:81/y'],
    [`${filter}=AS_IN_REQUEST, Location, other.io, https`, '/x', 'http://svc/y', 'http://svc/y'],
    [filter, '/x', 'http://svc', 'http://svc'],
    [filter, '/x', '/relative', '/relative'],
    [filter, '/x', 'gopher://svc/y', 'gopher://svc/y'],
    [filter, '/x', 'http://svc/version/y', 'http://api.io/version/y'],
  ])('%s for a request of %s: %s becomes %s', (definition, path, location, expected) => {
    const exchange = anExchange(aRequest({ path, headers: ['Host', 'api.io'] }));
    expect(onResponse(definition, ['location', location], exchange).response.headers.raw).toEqual([
      'location',
      expected,
    ]);
  });

  it('shows itself and refuses a bad expression', () => {
    expect(String(compile(filter))).toBe(
      "[RewriteLocationResponseHeader stripVersion = AS_IN_REQUEST, locationHeaderName = 'Location', hostValue = [null], protocols = 'https?|ftps?']",
    );
    expect(refusals({ name: filter, args: { protocols: '(' } })).toEqual(['invalid-argument /args/protocols']);
  });
});

describe('SecureHeaders', () => {
  const { compile, onResponse, refusals } = filterOf(new SecureHeadersFilterFactory());
  const namesOf = (args: Record<string, string>) =>
    onResponse({ name: 'SecureHeaders', args }, []).response.headers.raw.filter((_, at) => at % 2 === 0);

  it('adds the default set where it is not there yet', () => {
    expect(onResponse('SecureHeaders', ['x-frame-options', 'SAMEORIGIN']).response.headers.raw).toEqual([
      ...['x-frame-options', 'SAMEORIGIN'],
      ...['X-Xss-Protection', '1 ; mode=block'],
      ...['Strict-Transport-Security', 'max-age=631138519'],
      ...['X-Content-Type-Options', 'nosniff'],
      ...['Referrer-Policy', 'no-referrer'],
      'Content-Security-Policy',
      "default-src 'self' https:; font-src 'self' https: data:; img-src 'self' https: data:; object-src 'none'; script-src https:; style-src 'self' https: 'unsafe-inline'",
      ...['X-Download-Options', 'noopen'],
      ...['X-Permitted-Cross-Domain-Policies', 'none'],
    ]);
  });

  it('adds Permissions-Policy where it is enabled, and nothing that is disabled', () => {
    expect(namesOf({ disable: 'x-frame-options, Referrer-Policy' })).toHaveLength(6);
    const args = { enable: 'permissions-policy', 'permissions-policy': 'camera=()', frameOptionsHeaderValue: 'X' };
    const { headers } = onResponse({ name: 'SecureHeaders', args }, []).response;
    expect(headers.get('permissions-policy')).toBe('camera=()');
    expect(headers.get('x-frame-options')).toBe('X');
    expect(namesOf({ permissionsPolicy: 'camera=()' })).not.toContain('Permissions-Policy');
    expect(
      onResponse({ name: 'SecureHeaders', args: { enable: ['permissions-policy'] } }, []).response.headers.get(
        'permissions-policy',
      ),
    ).toMatch(/^accelerometer=\(\), .*, xr-spatial-tracking=\(\)$/);
  });

  it.each<[string, Record<string, string>, string[], string[]]>([
    ['takes the global values and lists', {}, ['X-Frame-Options: SAMEORIGIN', 'Permissions-Policy: '], ['Referrer']],
    ['says its own value', { frameOptionsHeaderValue: 'X' }, ['X-Frame-Options: X'], ['Referrer']],
    [
      'goes by its own lists alone',
      { disable: 'x-download-options' },
      ['Referrer-Policy: '],
      ['Permissions', 'X-Down'],
    ],
  ])('%s', (_, args, present, absent) => {
    const secureHeaders = Object.assign(new SecureHeadersSettings(), {
      frameOptions: 'SAMEORIGIN',
      enable: ['Permissions-Policy'],
      disable: ['referrer-policy'],
    });
    const exchange = anExchange(undefined, {}, { secureHeaders });
    const { raw } = onResponse({ name: 'SecureHeaders', args }, [], exchange).response.headers;
    const text = raw.reduce((before, part, at) => before + part + (at % 2 === 0 ? ': ' : '\n'), '');
    for (const part of present) expect(text).toContain(part);
    for (const part of absent) expect(text).not.toContain(part);
  });

  it('shows itself and refuses what it cannot place', () => {
    expect(String(compile('SecureHeaders'))).toBe('[SecureHeaders]');
    expect(refusals('SecureHeaders=x')).toEqual(['surplus-argument']);
    expect(refusals({ name: 'SecureHeaders', args: { disable: 'x-frame' } })).toEqual([
      'invalid-argument /args/disable',
    ]);
    expect(refusals({ name: 'SecureHeaders', args: { frameOptionsHeaderValue: 'a\nb' } })).toEqual([
      'invalid-argument /args/frameOptionsHeaderValue',
    ]);
  });
});
