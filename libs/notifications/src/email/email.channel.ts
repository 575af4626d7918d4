import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { libraryOnDemand } from '@tigateway/model';
import type * as Nodemailer from 'nodemailer';
import type { Channel, ChannelKind, ChannelTools } from '../channel.js';
import type { Message } from '../message/message.js';
import { DeniedTargetError } from '../outbound/http-target.js';
import { EmailSettings } from './email.settings.js';
import { mailContent } from './mail-content.js';

const nodemailer = libraryOnDemand<typeof Nodemailer>('nodemailer');

const CONCURRENCY = 2;

export const EMAIL: ChannelKind<EmailSettings> = {
  name: 'email',
  settings: EmailSettings,
  concurrency: CONCURRENCY,
  open: (settings, tools) => new EmailChannel(settings, tools),
};

/** Mails over SMTP, text and HTML. A connection a message: there are few, and servers close idle ones. */
class EmailChannel implements Channel {
  constructor(
    private readonly settings: EmailSettings,
    private readonly tools: ChannelTools,
  ) {}

  async send(message: Message, signal: AbortSignal): Promise<void> {
    const { smtp, recipients, timeoutMs } = this.settings;
    const { host, username, password, secure, starttls } = smtp;
    const from = this.settings.from || username;
    const hasCredentials = username !== '';
    const { authorities } = this.tools;
    const transport = nodemailer().createTransport({
      host: await this.address(host),
      ...(isIP(host) === 0 && { servername: host }),
      port: smtp.port ?? (secure ? 465 : 587),
      secure,
      // Where TLS is required and not to be had, the session ends before anything is said.
      requireTLS: !secure && (starttls === 'required' || hasCredentials),
      ignoreTLS: starttls === 'off',
      ...(hasCredentials && { auth: { user: username, pass: password } }),
      tls: { minVersion: 'TLSv1.2', ...(authorities && { ca: [...rootCertificates, ...authorities] }) },
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    await transport.sendMail({
      from,
      to: recipients,
      ...mailContent(message),
      messageId: `<${message.id}@tigateway>`,
      headers: { 'X-TiGateway-Delivery': message.id, 'Auto-Submitted': 'auto-generated' },
      signal,
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The address that is connected to is the one that was judged. Mail relays are often on this machine. */
  private async address(host: string): Promise<string> {
    const found = await lookup(host, { all: true });
    const allowed = found.find(({ address }) => this.tools.addresses.allows(address, true));
    if (!allowed) throw new DeniedTargetError();
    return allowed.address;
  }
}
