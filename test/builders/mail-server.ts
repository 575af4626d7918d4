import { once } from 'node:events';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it was sent: headers, empty line, body. */
  readonly text: string;
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
}

/** A real SMTP server that keeps what it gets. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  /** Passwords that clients sent before the session was encrypted. */
  readonly sentInClear: string[] = [];
  port = 0;

  private constructor(private readonly server: SMTPServer) {}

  /** @param options `credentials`: who may send; without, everyone may */
  static async started({
    credentials,
    ...options
  }: SMTPServerOptions & {
    credentials?: { readonly user: string; readonly password: string };
  } = {}): Promise<MailServer> {
    const server = new SMTPServer({
      authOptional: credentials === undefined,
      // Without a certificate of ours it would offer TLS with one of its own.
      disabledCommands: [...(options.key ? [] : ['STARTTLS']), ...(credentials ? [] : ['AUTH'])],
      logger: false,
      onAuth: ({ username, password }, session, callback) => {
        if (!session.secure) mailServer.sentInClear.push(password ?? '');
        const isRight = username === credentials?.user && password === credentials?.password;
        if (isRight) callback(null, { user: credentials?.user ?? '' });
        else callback(new Error(`no such user: ${username} ${password}`));
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          mailServer.mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            text: Buffer.concat(chunks).toString(),
            isEncrypted: session.secure,
            user: typeof session.user === 'string' ? session.user : undefined,
          });
          callback();
        });
      },
      ...options,
    });
    const mailServer = new MailServer(server);
    // Clients that trust nothing of it break off.
    server.on('error', () => undefined);
    const listening = server.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    mailServer.port = (listening.address() as { port: number }).port;
    return mailServer;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }
}
