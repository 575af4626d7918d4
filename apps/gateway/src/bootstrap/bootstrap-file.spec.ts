import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBootstrap } from './bootstrap-file.js';
import { DEFAULT_SERVICE_SETTINGS } from '@tigateway/proxy';
import type { GatewaySettings } from './gateway-settings.js';
import { readServices } from './service-list.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'bootstrap-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function settingsOf(yaml: string, environment: NodeJS.ProcessEnv = {}): GatewaySettings {
  const file = join(folder, 'tigateway.yml');
  writeFileSync(file, yaml);
  return readBootstrap({ TIGATEWAY_CONFIG: file, ...environment }).settings;
}

/** The message of the refusal, with the temporary folder left out. */
function refusalOf(yaml: string, environment: NodeJS.ProcessEnv = {}): string {
  try {
    settingsOf(yaml, environment);
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '');
  }
  return 'accepted';
}

describe('bootstrap file', () => {
  it('has a default for every key', () => {
    const settings = settingsOf('');
    expect(settings.server).toMatchObject({ port: 8080, address: '0.0.0.0', drainTimeoutMs: 30_000 });
    expect(settings.management).toMatchObject({ port: 8090, address: '127.0.0.1', auth: { token: '' } });
    expect(settings.tigateway).toMatchObject({
      dataDir: join(folder, 'data'),
      store: 'embedded',
      logLevel: 'info',
      sources: {
        precedence: ['api', 'crd', 'gateway-api', 'ingress', 'configmap', 'file'],
        file: { enabled: true, paths: [join(folder, 'routes')], debounceMs: 50, placeholders: true },
        configmap: { enabled: false },
      },
    });
  });

  it('reads durations, sizes and relaxed names, and resolves paths from its own folder', () => {
    const settings = settingsOf(`
server: { drainTimeout: 5s, max-header-size: 32KB }
tigateway:
  data-dir: ../state
  sources: { file: { paths: [./a.yaml, /etc/routes] } }`);
    expect(settings.server).toMatchObject({ drainTimeoutMs: 5_000, maxHeaderBytes: 32_768 });
    expect(settings.tigateway.dataDir).toBe(join(folder, '../state'));
    expect(settings.tigateway.sources.file.paths).toEqual([join(folder, 'a.yaml'), '/etc/routes']);
  });

  it('reads services in their short and their long form', () => {
    const { services } = settingsOf(`
tigateway:
  services:
    short: http://a:1, http://b:2
    list: [http://a:1]
    long:
      instances: [c:3]
      balancing: least-connections
      health:
        passive: { failures: 3, eject-time: 1s }
        active: { path: /up, interval: 5s }`).tigateway;
    const { services: instances, serviceSettings } = readServices(services);
    expect(instances).toEqual({ short: ['http://a:1', 'http://b:2'], list: ['http://a:1'], long: ['c:3'] });
    expect(serviceSettings['short']).toEqual(DEFAULT_SERVICE_SETTINGS);
    expect(serviceSettings['long']).toEqual({
      balancing: 'least-connections',
      passive: { failures: 3, ejectMs: 1_000, maxEjectMs: 300_000 },
      active: { path: '/up', intervalMs: 5_000, timeoutMs: 2_000, healthyThreshold: 2, unhealthyThreshold: 3 },
    });
  });

  it.each([
    ['lease: { duration: 7s }', '2:17: "renew-interval" and "retry-interval" together must be less than "duration"'],
    ['gateway: Edge', '2:17: "gateway" must be small letters, digits, "-" and "." between them'],
    ['identity: a_b', '2:17: "identity" must be small letters, digits, "-" and "." between them'],
  ])('refuses the part { %s } of Kubernetes', (part, message) => {
    expect(refusalOf(`tigateway:\n  kubernetes: { ${part} }`)).toBe(`tigateway.yml:${message}`);
  });

  it('takes placeholders from the environment, else their default', () => {
    const yaml = 'server: { port: "${PORT:9000}" }\nmanagement: { auth: { token: "${TOKEN:}" } }';
    expect(settingsOf(yaml).server.port).toBe(9000);
    expect(settingsOf(yaml, { PORT: '7000', TOKEN: 'a${PORT}' })).toMatchObject({
      server: { port: 7000 },
      management: { auth: { token: 'a${PORT}' } },
    });
  });

  it('keeps the placeholders of the update policy, whose values must never be shown', () => {
    const yaml = 'tigateway:\n  update-policy: { history: { max-versions: "${VERSIONS}" } }';
    expect(settingsOf(yaml, { VERSIONS: '5' }).tigateway.updatePolicy).toEqual({
      history: { 'max-versions': '${VERSIONS}' },
    });
    expect(refusalOf(yaml, { VERSIONS: 'many' })).toBe(
      'tigateway.yml:2:31: what ${VERSIONS} stands for cannot be used here (wrong-type)',
    );
    expect(refusalOf(yaml)).toMatch(/^tigateway.yml:2:31: the environment variable VERSIONS is not set/);
  });

  it.each([
    ['webhook: { url: "ftp://x" }', 'url'],
    ['webhook: { url: "http://example.com/hook" }', 'url'],
    ['webhook: { url: "https://127.0.0.1/hook" }', 'url'],
    ['webhook: {}', '"url" is required where the channel is enabled'],
    ['webhook: { urll: "https://example.com" }', 'unknown property "urll"'],
    ['webhook: { url: "https://example.com", events: [created] }', 'update, delete, rollback, rejected'],
    ['webhok: {}', 'unknown property "webhok"'],
    ['email: { smtp: {}, recipients: [ops@example.com] }', '"smtp" must name a host'],
    [
      'email: { smtp: { host: h, username: u@x.y, starttls: off }, recipients: [ops@example.com] }',
      'never sent in clear',
    ],
    [
      'email: { smtp: { host: h }, from: "a@b.c\\nBcc: x@y.z", recipients: [ops@example.com] }',
      '"from" must be an address',
    ],
  ])('refuses the channels { %s }', (channels, message) => {
    expect(refusalOf(`tigateway:\n  notification: { ${channels} }`)).toContain(message);
  });

  it('shows no value of a variable in what is wrong with a channel', () => {
    const yaml = 'tigateway:\n  notification: { webhook: { url: "${HOOK}", digest: "${DIGEST}" } }';
    const refusal = refusalOf(yaml, { HOOK: 'gopher://canary', DIGEST: 'canary' });
    expect(refusal).toContain('what ${DIGEST} stands for cannot be used here');
    expect(refusal).not.toContain('canary');
  });

  describe('with a token in a file', () => {
    const yaml = (more = '') => `management: { auth: { token-file: token${more} } }`;
    const write = (text: string) => writeFileSync(join(folder, 'token'), text);

    it('takes it from there', () => {
      write('from-file\n');
      expect(settingsOf(yaml()).management.auth).toEqual({ token: 'from-file', tokenFile: join(folder, 'token') });
    });

    it.each([
      ['is not there', undefined, '', 'the token cannot be read: ENOENT'],
      ['is empty', '\n', '', 'it must hold one token'],
      ['holds more than one', 'a b', '', 'it must hold one token'],
      ['is not the only one', 'a', ', token: b', 'expected one of token and token-file'],
    ])('that %s is refused', (_, text, more, message) => {
      if (text !== undefined) write(text);
      expect(refusalOf(yaml(more))).toMatch(new RegExp(`^tigateway.yml:1:\\d+: .*${message}`));
    });
  });

  it('lets the environment win', () => {
    const settings = settingsOf('server: { port: 1 }\nmanagement: { port: 2 }\ntigateway: { data-dir: here }', {
      TIGATEWAY_SERVER_PORT: '8181',
      TIGATEWAY_SERVER_ADDRESS: '127.0.0.1',
      TIGATEWAY_MANAGEMENT_PORT: '8191',
      TIGATEWAY_MANAGEMENT_ADDRESS: '0.0.0.0',
      TIGATEWAY_DATA_DIR: '/var/lib/tigateway',
      TIGATEWAY_ADMIN_TOKEN: 's3cret',
      TIGATEWAY_LOG_LEVEL: 'debug',
    });
    expect(settings.server).toMatchObject({ port: 8181, address: '127.0.0.1' });
    expect(settings.management).toMatchObject({ port: 8191, address: '0.0.0.0', auth: { token: 's3cret' } });
    expect(settings.tigateway).toMatchObject({ dataDir: '/var/lib/tigateway', logLevel: 'debug' });
  });

  it.each([
    ['an unknown key', 'server:\n  prot: 80', 'tigateway.yml:2:3: unknown property "prot"; expected one of: port,'],
    ['a wrong type', 'server:\n  port: eighty', 'tigateway.yml:2:3: expected a whole number, found "eighty"'],
    [
      'no number of workers',
      'server:\n  workers: 0',
      'tigateway.yml:2:3: "0" is no number of workers; expected 1 to 256',
    ],
    ['a value out of range', 'server:\n  port: 70000', 'tigateway.yml:2:3: "port" must not be greater than 65535'],
    [
      'an item of a list',
      'tigateway:\n  sources:\n    precedence: [api,\n      files]',
      'tigateway.yml:4:7: expected one of',
    ],
    ['broken YAML', 'server: {port: 1', 'tigateway.yml:1:17: Flow map'],
    ['a key twice', 'server: {}\nserver: {}', 'tigateway.yml:2:1: "server" is given'],
    ['a missing variable', 'server:\n  port: ${NO_PORT}', 'tigateway.yml:2:3: the environment variable NO_PORT is not'],
    ['a scalar at the root', 'hello', 'tigateway.yml:1:1: expected an object, found "hello"'],
    ['an open admin server', 'management:\n  address: 0.0.0.0', 'tigateway.yml:2:3: the management server listens on'],
    [
      'a label selector that is none',
      "tigateway:\n  discovery:\n    kubernetes: { label-selector: 'a in b' }",
      'tigateway.yml:3:19: "a in b" is no label selector',
    ],
    ['one port for both', 'management: { port: 8080 }', 'tigateway.yml:1:15: server.port and management.port are'],
    [
      'a certificate that is not there',
      'server:\n  tls: { certificate: no.crt, key: no.key }',
      "tigateway.yml:2:3: ENOENT: no such file or directory, open 'no.crt'",
    ],
    ['half a pair', 'server:\n  tls: { certificate: no.crt }', 'tigateway.yml:2:3: "key" is required'],
    [
      'client certificates that nobody vouches for',
      'server:\n  tls: { certificate: no.crt, key: no.key, client-auth: need }',
      'client-auth "need" needs client-ca',
    ],
    [
      'a bad CIDR',
      'tigateway: { upstreams: { deny: [10.0.0.0/99] } }',
      '1:27: "10.0.0.0/99" is neither an IP address nor',
    ],
    ['a bad expression', 'tigateway: { trusted-proxies: "10[" }', 'tigateway.yml:1:14: '],
    ['a bad instance', 'tigateway: { services: { a: ["http://"] } }', 'tigateway.yml:1:26: Invalid URL'],
    [
      'an expression that would have to be evaluated',
      'tigateway:\n  discovery: { locator: { include-expression: "metadata.edge" } }',
      'tigateway.yml:2:16: "metadata.edge" is no condition on a service: expected true, false,',
    ],
    [
      'a service without instances',
      'tigateway: { services: { a: { balancing: round-robin } } }',
      '"instances" is required',
    ],
    [
      'a setting of a service that nobody knows',
      'tigateway:\n  services:\n    a: { instances: [b], health: { pasive: {} } }',
      'tigateway.yml:3:36: unknown property "pasive"',
    ],
  ])('refuses %s, with the position', (_, yaml, message) => {
    expect(refusalOf(yaml)).toContain(message);
    expect(refusalOf(yaml)).not.toContain('\n');
  });

  it('names every problem in one line', () => {
    expect(refusalOf('server: { port: a }\nmanagement: { port: b }').split('; ')).toHaveLength(2);
  });

  it('names the environment variable whose value is wrong', () => {
    expect(refusalOf('', { TIGATEWAY_SERVER_PORT: 'many' })).toBe(
      'environment variable TIGATEWAY_SERVER_PORT: expected a whole number, found "many"',
    );
  });

  it('refuses to start without the file that was asked for', () => {
    expect(() => readBootstrap({ TIGATEWAY_CONFIG: '/no/such.yml' })).toThrow('/no/such.yml: cannot be read');
  });
});
