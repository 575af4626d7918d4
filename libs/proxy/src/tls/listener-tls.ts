import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type Server, type TlsOptions } from 'node:tls';
import { Logger } from '@nestjs/common';

/** How clients are met by TLS: the bootstrap file's `server.tls`. Paths are of PEM files. */
export interface ListenerTlsSettings {
  /** The certificate, and after it those of its issuers. */
  readonly certificate: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** `need`: no connection without a certificate that `clientCa` vouches for; `want`: without any, but not with a bad one. */
  readonly clientAuth: 'none' | 'want' | 'need';
  /** Whose client certificates are good; `undefined`: those of the system's authorities. */
  readonly clientCa?: string;
}

/** How often the files are looked at, in milliseconds. Their content is compared: no symlink, rename or network disk hides it. */
const CHECK_INTERVAL_MS = 1_000;

/**
 * The certificate that a listener shows. It follows its files: new connections get the new pair, those that are open keep theirs.
 * A pair that cannot be used changes nothing and is logged.
 */
export class ListenerTls {
  private readonly logger = new Logger('Tls');
  private files: PemFiles;
  /** Read and refused, so that it is said once; first kept back for one look, since two files never change at once. */
  private refused: { readonly files: PemFiles; readonly isLogged: boolean } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isChecking = false;

  /** @throws Error naming the file, or what is wrong with the pair */
  constructor(
    private readonly settings: ListenerTlsSettings,
    private readonly checkIntervalMs = CHECK_INTERVAL_MS,
  ) {
    this.files = readNow(settings);
    try {
      createSecureContext(this.contextOf(this.files));
    } catch (error) {
      const { certificate, key } = settings;
      throw new Error(`${certificate} and ${key} are no pair to use: ${(error as Error).message}`, { cause: error });
    }
  }

  /** For `tls.createServer` and those that are built on it. @param protocols by ALPN, the preferred one first */
  serverOptions(protocols: readonly string[]): TlsOptions {
    const { clientAuth } = this.settings;
    return {
      ...this.contextOf(this.files),
      ALPNProtocols: [...protocols],
      requestCert: clientAuth !== 'none',
      rejectUnauthorized: clientAuth === 'need',
      honorCipherOrder: true,
    };
  }

  /** Keeps the server's certificate in step with the files, until `stop`. */
  follow(server: Server): void {
    this.timer = setInterval(() => void this.check(server), this.checkIntervalMs);
    this.timer.unref();
    if (this.settings.clientAuth !== 'want') return;
    server.prependListener('secureConnection', (socket) => {
      if (!socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0) socket.destroy();
    });
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async check(server: Server): Promise<void> {
    if (this.isChecking) return;
    this.isChecking = true;
    try {
      const files = await readSoon(this.settings);
      if (this.timer !== undefined && !isSame(files, this.files)) this.take(files, server);
    } catch (error) {
      this.refuse({ certificate: '', key: '', clientCa: (error as Error).message }, error as Error);
    } finally {
      this.isChecking = false;
    }
  }

  private take(files: PemFiles, server: Server): void {
    const context = this.contextOf(files);
    try {
      createSecureContext(context);
    } catch (error) {
      this.refuse(files, error as Error);
      return;
    }
    server.setSecureContext(context);
    this.files = files;
    this.refused = undefined;
    this.logger.log(`new connections get the certificate that ${this.settings.certificate} has now`);
  }

  private refuse(files: PemFiles, { message }: Error): void {
    const isSecondLook = this.refused !== undefined && isSame(this.refused.files, files);
    if (isSecondLook && !this.refused?.isLogged) {
      this.logger.error(`the certificate stays as it was: what is in the files now cannot be used: ${message}`);
    }
    this.refused = { files, isLogged: isSecondLook };
  }

  private contextOf({ certificate, key, clientCa }: PemFiles): SecureContextOptions {
    return {
      cert: certificate,
      key,
      minVersion: this.settings.minVersion,
      ...(clientCa !== undefined && { ca: clientCa }),
    };
  }
}

interface PemFiles {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

function isSame(one: PemFiles, other: PemFiles): boolean {
  return one.certificate === other.certificate && one.key === other.key && one.clientCa === other.clientCa;
}

function readNow({ certificate, key, clientCa }: ListenerTlsSettings): PemFiles {
  const read = (path: string): string => readFileSync(path, 'utf8');
  return { certificate: read(certificate), key: read(key), clientCa: clientCa && read(clientCa) };
}

async function readSoon({ certificate, key, clientCa }: ListenerTlsSettings): Promise<PemFiles> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8');
  return {
    certificate: await read(certificate),
    key: await read(key),
    clientCa: clientCa && (await read(clientCa)),
  };
}
