import { describe, expect, it } from 'vitest';
import { type AccessRequest, ManagementAccess } from './management-access.js';

const request = (facts: Partial<AccessRequest>): AccessRequest => ({
  host: 'localhost:8090',
  origin: undefined,
  authorization: undefined,
  localAddress: '127.0.0.1',
  ...facts,
});

describe('the Host', () => {
  const access = new ManagementAccess({ address: '0.0.0.0', allowedHosts: ['Gateway.Example', '10.0.0.9'] });

  it.each([
    'localhost',
    'LOCALHOST:18090',
    '127.0.0.1:8090',
    '127.8.8.8',
    '[::1]:8090',
    'gateway.example',
    'gateway.example.:8090',
    '10.0.0.9:8090',
    '192.168.7.7:8090',
  ])('%s is answered', (host) => {
    expect(access.refusal(request({ host, localAddress: '::ffff:192.168.7.7' }))).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'gateway.example.evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'evil.example/localhost',
    '192.168.7.8',
    'localhost:99999',
    'localhost, evil.example',
  ])('%s is refused', (host) => {
    expect(access.refusal(request({ host, localAddress: '192.168.7.7' }))).toMatchObject({ status: 403 });
  });
});

describe('the Origin', () => {
  const access = new ManagementAccess({ address: '127.0.0.1', allowedHosts: ['gateway.example'] });

  it.each([
    ['localhost:8090', 'http://localhost:8090'],
    ['gateway.example', 'https://gateway.example'],
    ['gateway.example:443', 'https://gateway.example'],
    ['gateway.example', 'http://gateway.example:80'],
    ['[::1]:8090', 'http://[::1]:8090'],
  ])('of a page on %s may be %s', (host, origin) => {
    expect(access.refusal(request({ host, origin }))).toBeUndefined();
  });

  it.each([
    ['localhost:8090', 'http://localhost:3000'],
    ['localhost:8090', 'http://127.0.0.1:8090'],
    ['localhost:8090', 'null'],
    ['localhost:8090', ''],
    ['localhost:8090', 'https://evil.example'],
    ['localhost:8090', 'http://localhost:8090@evil.example'],
    ['localhost:8090', 'file://localhost:8090'],
    ['localhost:8090', 'http://localhost:8090/path'],
  ])('of a call to %s may not be %s', (host, origin) => {
    expect(access.refusal(request({ host, origin }))).toMatchObject({ status: 403 });
  });
});

describe('the token', () => {
  const access = new ManagementAccess({ token: 's3cret', address: '127.0.0.1', allowedHosts: [] });

  it.each(['Bearer s3cret', 'bearer s3cret', 'BEARER  s3cret'])('is taken from "%s"', (authorization) => {
    expect(access.refusal(request({ authorization }))).toBeUndefined();
  });

  it('is taken from what a WebSocket offers', () => {
    expect(access.refusal(request({ offeredTokens: ['x', 's3cret'] }))).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer s3cre',
    'Bearer s3crett',
    'Bearer s3cret x',
    'Basic s3cret',
    's3cret',
  ])('is missing in "%s"', (authorization) => {
    expect(access.refusal(request({ authorization }))).toMatchObject({ status: 401 });
  });

  it('does not help where the Host is foreign', () => {
    expect(access.refusal(request({ host: 'evil.example', authorization: 'Bearer s3cret' }))).toMatchObject({
      status: 403,
    });
  });

  it.each([undefined, ''])('that is %j is none', (token) => {
    const open = new ManagementAccess({
      address: '127.0.0.1',
      allowedHosts: [],
      ...(token !== undefined && { token }),
    });
    expect(open.refusal(request({}))).toBeUndefined();
  });
});

describe('a token that changes', () => {
  it('holds at once, and ends what the old one had opened, and that alone', () => {
    const access = new ManagementAccess({ token: 'old', address: '127.0.0.1', allowedHosts: [] });
    const ended: string[] = [];
    const admit = (name: string, facts: Partial<AccessRequest>) =>
      access.admit(request(facts), () => void ended.push(name));
    admit('old header', { authorization: 'Bearer old' });
    admit('old offer', { offeredTokens: ['old'] });
    admit('both', { offeredTokens: ['old', 'new'] });
    admit('gone already', { authorization: 'Bearer old' })();
    access.changeToken('new');
    expect(ended).toEqual(['old header', 'old offer']);
    expect(access.refusal(request({ authorization: 'Bearer old' }))).toMatchObject({ status: 401 });
    expect(access.refusal(request({ authorization: 'Bearer new' }))).toBeUndefined();
    access.changeToken('newer');
    expect(ended).toEqual(['old header', 'old offer', 'both']);
  });
});
