import { describe, expect, it } from 'vitest';
import type { Json } from '@tigateway/model';
import { aRequest } from '../exchange/request.fixture.js';
import { filterOf } from './filter.fixture.js';
import { RequestRedirectFilterFactory } from './request-redirect.filter.js';

const { compile, onRequest, refusals } = filterOf(new RequestRedirectFilterFactory());
const definition = (args: Record<string, Json>): Json => ({ name: 'RequestRedirect', args });

describe('RequestRedirect', () => {
  it.each<[Record<string, Json>, string, string]>([
    [{ scheme: 'https' }, 'a.test', 'https://a.test/foo/bar?q=%20'],
    [{ scheme: 'https' }, 'a.test:8080', 'https://a.test/foo/bar?q=%20'],
    [{ scheme: 'https', port: 443 }, 'a.test', 'https://a.test/foo/bar?q=%20'],
    [{ scheme: 'https', port: 8443 }, 'a.test', 'https://a.test:8443/foo/bar?q=%20'],
    [{ host: 'b.test' }, 'a.test:8080', 'http://b.test:8080/foo/bar?q=%20'],
    [{ host: 'b.test', port: 80 }, 'a.test:8080', 'http://b.test/foo/bar?q=%20'],
    [{ path: '/x' }, '[::1]:8080', 'http://[::1]:8080/x?q=%20'],
    [{ parts: 1, path: '/x' }, 'a.test', 'http://a.test/x/bar?q=%20'],
    [{ parts: 2, path: '' }, 'a.test', 'http://a.test/?q=%20'],
  ])('%j asked as %s leads to %s', (args, host, expected) => {
    const request = aRequest({ path: '/foo/bar', query: 'q=%20', headers: ['Host', host] });
    const { shortResponse } = onRequest(definition(args), request);
    expect(shortResponse?.status).toBe(302);
    expect(shortResponse?.headers?.raw).toEqual(['Location', expected]);
  });

  it.each<[Record<string, Json>, string]>([
    [{ status: 200 }, 'invalid-argument /args/status'],
    [{ scheme: 'ftp' }, 'wrong-type /args/scheme'],
    [{ host: 'a b' }, 'constraint /args/host'],
    [{ port: 0 }, 'constraint /args/port'],
    [{ path: 'x' }, 'invalid-argument /args/path'],
    [{ parts: 1 }, 'invalid-argument /args/parts'],
    [{ path: '/\r\nX: y' }, 'invalid-argument /args/path'],
  ])('refuses %j', (args, refusal) => {
    expect(refusals(definition(args))).toEqual([refusal]);
  });

  it('shows itself', () => {
    expect(String(compile('RequestRedirect=301,https'))).toBe("[RequestRedirect status = 301, scheme = 'https']");
  });
});
