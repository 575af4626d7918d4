import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import type { Script, ScriptedUpstream } from '../testing/scripted-upstream.js';
import { Traffic } from '../testing/traffic.js';
import type { OAuth2ClientSettings } from './oauth2-client.js';
import { OAuth2Clients } from './oauth2-clients.js';
import { TokenRelayFilterFactory } from './token-relay.filter.js';

let traffic: Traffic;
let clock: FakeClock;
let upstream: ScriptedUpstream;
let endpoint: ScriptedUpstream;

/** Gives `token-1`, `token-2`, … for 100 seconds each. */
const tokens =
  (more: object = {}): Script =>
  (response, _, count) =>
    void response.end(
      JSON.stringify({ access_token: `token-${count}`, token_type: 'Bearer', expires_in: 100, ...more }),
    );

async function start(script: Script, settings: Partial<OAuth2ClientSettings> = {}): Promise<void> {
  await traffic?.stop();
  clock = new FakeClock();
  // The endpoint's address is needed before the gateway's routes are.
  const helper = await Traffic.start([]);
  endpoint = await helper.upstream(script);
  const client: OAuth2ClientSettings = {
    tokenUri: `${endpoint.url}/token`,
    clientId: 'me & you',
    clientSecret: 's:cret',
    scopes: ['read', 'write'],
    authentication: 'client_secret_basic',
    timeoutMs: 200,
    ...settings,
  };
  traffic = await Traffic.start([new TokenRelayFilterFactory(new OAuth2Clients({ mine: client }, clock))], { clock });
  const stop = traffic.stop.bind(traffic);
  traffic.stop = async () => {
    await stop();
    await helper.stop();
  };
  upstream = await traffic.upstream();
  await traffic.routes.put({ id: 'r', uri: upstream.url, predicates: ['Path=/**'], filters: ['TokenRelay=mine'] });
}

beforeEach(() => start(tokens()));
afterEach(() => traffic.stop());

const relayed = () => upstream.requests.map(({ headers }) => headers.authorization);

describe('TokenRelay', () => {
  it('gives the upstream a token in the place of what the client sent, and fetches it once', async () => {
    const asked = Array.from({ length: 10 }, () => traffic.status('/', { headers: { Authorization: 'Basic x' } }));
    expect(new Set(await Promise.all(asked))).toEqual(new Set([200]));
    expect(new Set(relayed())).toEqual(new Set(['Bearer token-1']));
    expect(endpoint.requests).toHaveLength(1);
    const [{ method, url, headers, body } = {} as never] = endpoint.requests;
    expect([method, url, body]).toEqual(['POST', '/token', 'grant_type=client_credentials&scope=read+write']);
    expect(headers.authorization).toBe(`Basic ${Buffer.from('me+%26+you:s%3Acret').toString('base64')}`);
  });

  it('fetches the next before the last one expires, without anybody waiting', async () => {
    await traffic.status();
    clock.advance(50_000);
    await traffic.status();
    await endpoint.asked(2);
    while (relayed().at(-1) !== 'Bearer token-2') await traffic.status();
    clock.advance(100_000);
    await traffic.status();
    expect(relayed().at(-1)).toBe('Bearer token-3');
    expect(relayed().slice(0, 2)).toEqual(['Bearer token-1', 'Bearer token-1']);
  });

  it('keeps a token that is good while the next cannot be had', async () => {
    await traffic.status();
    endpoint.script = (response) => void response.writeHead(500).end();
    clock.advance(60_000);
    await traffic.status();
    await endpoint.asked(2);
    expect([await traffic.status(), relayed()]).toEqual([200, Array.from({ length: 3 }, () => 'Bearer token-1')]);
  });

  it('sends the secret in the form where it is told so', async () => {
    await start(tokens(), { authentication: 'client_secret_post', scopes: [] });
    await traffic.status();
    const [{ headers, body } = {} as never] = endpoint.requests;
    expect(headers.authorization).toBeUndefined();
    expect(body).toBe('grant_type=client_credentials&client_id=me+%26+you&client_secret=s%3Acret');
  });

  it('goes on with the refresh token that came last', async () => {
    await start((response, _, count) => tokens({ refresh_token: `refresh-${count}` })(response, _, count), {
      refreshToken: 'refresh-0',
      scopes: [],
    });
    await traffic.status();
    clock.advance(101_000);
    await traffic.status();
    expect(endpoint.requests.map(({ body }) => body)).toEqual([
      'grant_type=refresh_token&refresh_token=refresh-0',
      'grant_type=refresh_token&refresh_token=refresh-1',
    ]);
  });

  it.each<[string, Script]>([
    ['refuses', (response) => void response.writeHead(401).end('{"error":"invalid_client"}')],
    ['answers with no JSON', (response) => void response.end('token')],
    ['answers without a token', (response) => void response.end('{"token_type":"bearer"}')],
    ['gives a token of another type', (response) => void response.end('{"access_token":"a","token_type":"mac"}')],
    [
      'gives a token with a line break',
      (response) => void response.end('{"access_token":"a\\nb","token_type":"bearer"}'),
    ],
    ['does not answer', () => undefined],
    ['sends somewhere else', (response) => void response.writeHead(307, { Location: '/other' }).end()],
  ])('is 503 where the endpoint %s, and asks it again after a second', async (_, script) => {
    await start(script);
    expect([await traffic.status(), await traffic.status(), upstream.requests.length]).toEqual([503, 503, 0]);
    expect(endpoint.requests).toHaveLength(1);
    endpoint.script = tokens();
    clock.advance(1_000);
    expect(await traffic.status()).toBe(200);
  });

  it('without a name changes nothing, and says so', async () => {
    await traffic.routes.put({ id: 'r', uri: upstream.url, predicates: ['Path=/**'], filters: ['TokenRelay='] });
    await traffic.status('/', { headers: { Authorization: 'Basic x' } });
    expect([relayed(), endpoint.requests.length]).toEqual([['Basic x'], 0]);
    expect(traffic.routes.warnings('TokenRelay')).toEqual(['questionable-argument /filters/0']);
    expect(traffic.routes.warnings('TokenRelay=mine')).toEqual([]);
  });

  it('shows itself and refuses a client that nobody knows', () => {
    expect(traffic.routes.text('TokenRelay=mine')).toBe("[TokenRelay name = 'mine']");
    expect(traffic.routes.refusals('TokenRelay=other')).toEqual(['invalid-argument /filters/0']);
  });
});
