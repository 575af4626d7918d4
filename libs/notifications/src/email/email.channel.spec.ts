import { createServer } from 'node:net';
import { bind, type EventRecord, type Json } from '@tigateway/model';
import { afterEach, describe, expect, it } from 'vitest';
import { MailServer } from '../../../../test/builders/mail-server.js';
import { testCertificate } from '../../../../test/builders/test-certificate.js';
import { parcelOf } from '../outbox/parcel.js';
import { failureText } from '../outbound/delivery-error.js';
import { TargetAddresses } from '../outbound/target-address.js';
import { EMAIL } from './email.channel.js';
import { EmailSettings } from './email.settings.js';

const { cert, keyText: key } = testCertificate('upstream');
const CREDENTIALS = { user: 'gateway@example.com', password: 'c4n4ry' };
const TIMEOUT_MS = 2_000;
const NO_TLS = /^the server does not offer what the channel needs of TLS/;

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function mailServer(options?: Parameters<typeof MailServer.started>[0]): Promise<MailServer> {
  const started = await MailServer.started(options);
  stops.push(() => started.stop());
  return started;
}

const event: EventRecord = {
  type: 'configuration_update',
  sequence: 7,
  timestamp: Date.UTC(2026, 0, 2),
  source: 'api',
  configType: 'route',
  configId: 'a<b>\r\nBcc: victim@example.com',
  version: 'v7',
  actor: 'admin@127.0.0.1',
  reason: 'Größe & <script>',
  configuration: { id: 'a', uri: 'http://new', password: '***' },
  previous: { id: 'a', uri: 'http://old', password: '***' },
};

/** @returns why it failed, as the operator is told; `undefined` where it did not */
async function send(
  port: number,
  smtp: Record<string, Json> = {},
  authorities?: string[],
): Promise<string | undefined> {
  const { value, problems } = bind(EmailSettings, {
    smtp: { host: 'localhost', port, ...smtp },
    ...(smtp.username === undefined && { from: 'gateway@example.com' }),
    recipients: ['ops@example.com', 'dev@example.com'],
    timeout: TIMEOUT_MS,
  });
  expect(problems).toEqual([]);
  const channel = EMAIL.open(value!, { addresses: new TargetAddresses(), ...(authorities && { authorities }) });
  const { message } = parcelOf('email', [event], false, 0);
  return channel.send(message, AbortSignal.timeout(TIMEOUT_MS)).then(
    () => undefined,
    (error: unknown) => failureText(error, TIMEOUT_MS),
  );
}

/** The parts of a message, decoded as a reader shows them. */
function decoded(mail: string): string {
  return mail
    .replace(/=\r\n/g, '')
    .replace(/((?:=[0-9A-F]{2})+)/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString());
}

describe('a mail', () => {
  it('has a subject, a text and HTML, and nothing of a configuration in its headers but in the subject', async () => {
    const server = await mailServer();
    expect(await send(server.port)).toBeUndefined();
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: 'gateway@example.com', to: ['ops@example.com', 'dev@example.com'] });
    const [head = '', ...parts] = mail!.text.split('\r\n\r\n');
    const headers = head.replace(/\r\n[ \t]/g, ' ');
    expect(headers).toMatch(/^Message-ID: <[0-9a-f-]{36}@tigateway>$/m);
    expect(headers).toMatch(/^X-TiGateway-Delivery: [0-9a-f-]{36}$/im);
    const [, subject = ''] = /^Subject: (.*)$/m.exec(headers) ?? [];
    const words = subject.replaceAll('?= =?UTF-8?Q?', '').replaceAll('_', ' ');
    expect(decoded(words)).toContain('[TiGateway] route "a<b> Bcc: victim@example.com" was changed');
    expect(headers).not.toMatch(/^Bcc:/m);
    const body = decoded(parts.join('\r\n\r\n'));
    expect(body).toContain('~ /uri = "http://new"');
    expect(body).toContain('Why: Größe & <script>');
    expect(body).toContain('<td>Größe &amp; &lt;script&gt;</td>');
    expect(body).toContain('text/html');
  });
});

describe('an SMTP server', () => {
  it('is used in clear where it offers no TLS and there is nothing secret', async () => {
    const server = await mailServer();
    expect(await send(server.port)).toBeUndefined();
    expect(server.mails).toMatchObject([{ isEncrypted: false }]);
  });

  it('is used with TLS where it offers it', async () => {
    const server = await mailServer({ key, cert });
    expect(await send(server.port, {}, [cert])).toBeUndefined();
    expect(server.mails).toMatchObject([{ isEncrypted: true }]);
  });

  it('is used with TLS from the first byte', async () => {
    const server = await mailServer({ key, cert, secure: true });
    expect(await send(server.port, { secure: true }, [cert])).toBeUndefined();
    expect(server.mails).toMatchObject([{ isEncrypted: true }]);
  });

  it.each<Record<string, Json>>([{ secure: true }, { starttls: 'required' }, {}])(
    'with a certificate that nobody trusts gets nothing (%j)',
    async (smtp) => {
      const server = await mailServer({ key, cert, secure: 'secure' in smtp });
      expect(await send(server.port, smtp)).toMatch(/^the TLS certificate was not accepted \(/);
      expect(server.mails).toEqual([]);
    },
  );

  it('without TLS gets nothing where it is required', async () => {
    const server = await mailServer();
    expect(await send(server.port, { starttls: 'required' })).toMatch(NO_TLS);
    expect(server.mails).toEqual([]);
  });

  it('gets credentials over TLS', async () => {
    const server = await mailServer({ key, cert, credentials: CREDENTIALS });
    const { user: username, password } = CREDENTIALS;
    expect(await send(server.port, { username, password }, [cert])).toBeUndefined();
    expect(server.mails).toMatchObject([{ user: username, from: username, isEncrypted: true }]);
    expect(server.sentInClear).toEqual([]);
  });

  it('never gets credentials in clear, though it asks for them', async () => {
    const server = await mailServer({
      credentials: CREDENTIALS,
      allowInsecureAuth: true,
    });
    const { user: username, password } = CREDENTIALS;
    expect(await send(server.port, { username, password })).toMatch(NO_TLS);
    expect(server.sentInClear).toEqual([]);
  });

  it('that refuses the credentials is said to, without them', async () => {
    const server = await mailServer({ key, cert, credentials: CREDENTIALS });
    const failure = await send(server.port, { username: CREDENTIALS.user, password: 'c4n4ry-wrong' }, [cert]);
    expect(failure).toBe('the server refused the credentials (535)');
  });

  it('that refuses every recipient is said to', async () => {
    const server = await mailServer({ onRcptTo: (_address, _session, callback) => callback(new Error('c4n4ry')) });
    expect(await send(server.port)).toBe('the server refused the sender or a recipient (550)');
  });

  it('that never greets is left after the time limit', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    stops.push(async () => void silent.close());
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    expect(await send(port)).toBe('no answer within 2s');
  });

  it('that is not there, or has no name, is said to', async () => {
    const server = await mailServer();
    const { port } = server;
    await server.stop();
    stops.length = 0;
    expect(await send(port)).toBe('the connection was refused');
    expect(await send(port, { host: 'c4n4ry.invalid' })).toMatch(/^the host name does not resolve/);
    expect(await send(port, { host: '169.254.169.254' })).toBe(
      'the host resolves to an address that no channel may connect to',
    );
  });
});
