import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { type ApiVersionSettings, ConfiguredApiVersion } from './configured-api-version.js';

const json = { mediaTypeParameter: { 'application/json': 'version' } };

describe('the version of an API', () => {
  it.each<[ApiVersionSettings, Parameters<typeof aRequest>[0], string | undefined]>([
    [{ header: 'X-Version' }, { headers: ['x-version', ' 1.2 '] }, '1.2'],
    [{ header: 'X-Version' }, { headers: ['X-Version', ''] }, undefined],
    [{ queryParameter: 'v' }, { query: 'a=1&v=2' }, '2'],
    [{ pathSegment: 0 }, { path: '/v3/orders' }, 'v3'],
    [{ pathSegment: 1 }, { path: '/api/v3/orders' }, 'v3'],
    [{ pathSegment: 2 }, { path: '/api' }, undefined],
    [json, { headers: ['Accept', 'text/html, application/json;q=1; Version="1.1"'] }, '1.1'],
    [json, { headers: ['Content-Type', 'Application/JSON;version=4'] }, '4'],
    [json, { headers: ['Accept', 'text/plain;version=4'] }, undefined],
    [{ header: 'X-Version', queryParameter: 'v' }, { headers: ['X-Version', '1'], query: 'v=2' }, '1'],
    [{ header: 'X-Version', queryParameter: 'v' }, { query: 'v=2' }, '2'],
    [{ header: 'X-Version', defaultVersion: '7' }, {}, '7'],
    [{}, { headers: ['X-Version', '1'] }, undefined],
  ])('with %j is, in %j, %s', (settings, request, expected) => {
    expect(new ConfiguredApiVersion(settings).versionOf(aRequest(request))).toBe(expected);
  });
});
