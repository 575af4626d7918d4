import { afterEach, describe, expect, it } from 'vitest';
import { Receiver } from '../../../../test/builders/receiver.js';
import { testCertificate } from '../../../../test/builders/test-certificate.js';
import { failureText } from './delivery-error.js';
import { HttpTarget, type HttpTargetOptions } from './http-target.js';
import { TargetAddresses } from './target-address.js';
import { targetProblem } from './target-url.js';

const opened: { stop?(): Promise<void>; close?(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await (each.close?.() ?? each.stop?.());
});

function target(url: string, more: Partial<HttpTargetOptions> = {}): HttpTarget {
  const addresses = new TargetAddresses();
  const made = new HttpTarget({ url, timeoutMs: 2_000, allowInsecure: false, connections: 1, addresses, ...more });
  opened.push(made);
  return made;
}

async function receiver(...args: Parameters<typeof Receiver.started>): Promise<Receiver> {
  const started = await Receiver.started(...args);
  opened.push(started);
  return started;
}

/** @returns why it failed, as the operator is told; `undefined` where it did not */
async function failureOf(made: HttpTarget): Promise<string | undefined> {
  return made.post('{}', {}, AbortSignal.timeout(2_000)).then(
    () => undefined,
    (error: unknown) => failureText(error, 2_000),
  );
}

describe('a target', () => {
  it.each(['localhost', '127.0.0.1', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    'is not reached as %s unless that is allowed',
    async (host) => {
      const here = await receiver();
      const failure = await failureOf(target(here.url('/', host)));
      expect(failure).toBe('the host resolves to an address that no channel may connect to');
      expect(here.connections).toBe(0);
    },
  );

  it.each(['localhost', '127.0.0.1', '2130706433'])('is reached as %s where that is allowed', async (host) => {
    const here = await receiver();
    expect(await failureOf(target(here.url('/', host), { allowInsecure: true }))).toBeUndefined();
    expect(here.all).toHaveLength(1);
  });

  it.each([
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[::]',
    '[ff02::1]',
    '[64:ff9b::a9fe:a9fe]',
  ])('is never %s', async (host) => {
    const failure = await failureOf(target(`http://${host}:1/`, { allowInsecure: true }));
    expect(failure).toBe('the host resolves to an address that no channel may connect to');
  });

  it('is none of the addresses that the operator denies', async () => {
    const addresses = new TargetAddresses(['10.0.0.0/8']);
    expect(addresses.allows('10.1.2.3', true)).toBe(false);
    expect(addresses.allows('11.1.2.3', false)).toBe(true);
  });

  it('that does not resolve is said to, without its name', async () => {
    expect(await failureOf(target('https://c4n4ry.invalid/'))).toMatch(/^the host name does not resolve/);
  });

  it('shows a certificate that is trusted, or gets nothing', async () => {
    const { cert, keyText } = testCertificate('upstream');
    const secure = await receiver(undefined, { key: keyText, cert });
    const url = secure.url('/', 'localhost');
    expect(await failureOf(target(url, { allowInsecure: true }))).toMatch(/^the TLS certificate was not accepted \(/);
    expect(secure.all).toHaveLength(0);
    expect(await failureOf(target(url, { allowInsecure: true, authorities: [cert] }))).toBeUndefined();
    expect(secure.all).toHaveLength(1);
  });

  it('that speaks no TLS is said to', async () => {
    const plain = await receiver();
    const url = plain.url('/').replace('http:', 'https:');
    expect(await failureOf(target(url, { allowInsecure: true }))).toMatch(/^TLS failed/);
  });

  it('keeps its connection from one message to the next', async () => {
    const here = await receiver((response) => response.end('ok'));
    const made = target(here.url(), { allowInsecure: true });
    for (let index = 0; index < 5; index++) expect(await failureOf(made)).toBeUndefined();
    expect(here.connections).toBe(1);
  });
});

describe('a URL', () => {
  const on = { enabled: true, allowInsecure: false };

  it.each(['https://hooks.example.com/x?y=z', 'https://10.0.0.1:8443/', 'https://[2001:db8::1]/', '${HOOK}'])(
    'may be %s',
    (url) => {
      expect(targetProblem(url, on)).toBeUndefined();
    },
  );

  it.each([
    '',
    'nowhere',
    '/hook',
    'ftp://example.com',
    'file:///etc/passwd',
    'http://example.com',
    'https://user:c4n4ry@example.com',
    'https://localhost/c4n4ry',
    'https://x.localhost./',
    'https://127.0.0.1',
    'https://2130706433',
    'https://[::1]',
    'https://169.254.169.254/latest',
  ])('may not be %s, and is not quoted', (url) => {
    expect(targetProblem(url, on)).toMatch(/^(must|is required)/);
    expect(targetProblem(url, on)).not.toContain('c4n4ry');
  });

  it('is not asked for where the channel is off', () => {
    expect(targetProblem('', { enabled: false, allowInsecure: false })).toBeUndefined();
  });
});
