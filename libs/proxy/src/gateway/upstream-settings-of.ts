import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createSecureContext } from 'node:tls';
import type { Problem } from '@tigateway/model';
import { type HttpClientSettings, JavaRegex } from '@tigateway/routing';
import { contextOf } from '../connect/upstream-connector.js';
import { UpstreamError } from '../ports/upstream-client.js';
import type { ForwardProxy, UpstreamIdentity, UpstreamSettings, UpstreamTls } from '../ports/upstream-settings.js';

/** Node's servers, and many others, close after 5 s of silence: we close first, so that no request meets a closing one. */
const DEFAULT_IDLE_MS = 4_000;

const known = new WeakMap<HttpClientSettings, UpstreamSettings>();

/**
 * The engines' form of the global configuration `httpclient`: one object for one, so that pools live as long as it does.
 * @throws UpstreamError where a file that it names cannot be used any more
 */
export function upstreamSettingsOf(settings: HttpClientSettings): UpstreamSettings {
  let made = known.get(settings);
  if (made === undefined) known.set(settings, (made = translate(settings)));
  return made;
}

/** What keeps these settings from being used here and now. The files are read for it, and not again where they are good. */
export function httpClientProblems(settings: HttpClientSettings): readonly Problem[] {
  try {
    contextOf(upstreamSettingsOf(settings).tls);
    return [];
  } catch (error) {
    const { pointer, message } =
      error instanceof UnusableFileError ? error : { pointer: '/ssl', message: String(error) };
    return [{ pointer, code: 'unusable-file', message }];
  }
}

class UnusableFileError extends UpstreamError {
  constructor(
    readonly pointer: string,
    path: string,
    cause: Error,
  ) {
    super('connect', `${path} cannot be used: ${cause.message}`, { cause });
  }
}

function translate(settings: HttpClientSettings): UpstreamSettings {
  const { connectTimeoutMs, responseTimeoutMs, maxHeaderBytes, maxInitialLineBytes, compression } = settings;
  const { pool, ssl, websocket, proxy } = settings;
  return {
    connectTimeoutMs,
    responseTimeoutMs: responseTimeoutMs ?? 0,
    maxHeaderBytes,
    maxInitialLineBytes,
    compression,
    pool: {
      type: pool.type === 'FIXED' ? 'fixed' : pool.type === 'DISABLED' ? 'disabled' : 'elastic',
      maxConnections: pool.maxConnections ?? 2 * Math.max(availableParallelism(), 8),
      acquireTimeoutMs: pool.acquireTimeoutMs,
      maxIdleMs: pool.maxIdleTimeMs || DEFAULT_IDLE_MS,
      maxLifeMs: pool.maxLifeTimeMs ?? 0,
      leasing: pool.leasingStrategy === 'LIFO' ? 'lifo' : 'fifo',
      name: pool.name,
      metrics: pool.metrics,
    },
    tls: tlsOf(ssl),
    webSocket: { maxFrameBytes: websocket.maxFramePayloadBytes },
    proxy: proxyOf(proxy),
  };
}

function tlsOf(ssl: HttpClientSettings['ssl']): UpstreamTls {
  return {
    insecure: ssl.useInsecureTrustManager,
    trustedCertificates: ssl.trustedX509Certificates.map((path, at) =>
      usable(`/ssl/trusted-x509-certificates/${at}`, path, () => {
        const certificate = readFileSync(path, 'utf8');
        if (!certificate.includes('-----BEGIN CERTIFICATE-----')) throw new Error('there is no PEM certificate in it');
        createSecureContext({ ca: certificate });
        return certificate;
      }),
    ),
    handshakeTimeoutMs: ssl.handshakeTimeoutMs,
    identity: identityOf(ssl),
  };
}

function identityOf(ssl: HttpClientSettings['ssl']): UpstreamIdentity | undefined {
  const { keyStore, keyStoreType, keyStorePassword, keyPassword } = ssl;
  if (keyStore === undefined) return undefined;
  return usable('/ssl/key-store', keyStore, () => {
    const passphrase = keyPassword ?? keyStorePassword;
    const pem = keyStoreType === 'PEM' ? readFileSync(keyStore, 'utf8') : '';
    const identity =
      keyStoreType === 'PEM'
        ? { cert: pem, key: pem, passphrase }
        : { pfx: readFileSync(keyStore), passphrase: keyStorePassword ?? keyPassword };
    createSecureContext(identity);
    return identity;
  });
}

function usable<T>(pointer: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UnusableFileError(pointer, path, error as Error);
  }
}

function proxyOf(proxy: HttpClientSettings['proxy']): ForwardProxy | undefined {
  const { type, host, port, username, password, nonProxyHostsPattern } = proxy;
  if (host === undefined || port === undefined) return undefined;
  const direct = nonProxyHostsPattern === undefined ? undefined : JavaRegex.compile(nonProxyHostsPattern);
  return {
    type: type === 'SOCKS4' ? 'socks4' : type === 'SOCKS5' ? 'socks5' : 'http',
    host,
    port,
    username,
    password,
    bypasses: (target) => direct?.fullMatch(target) ?? false,
  };
}
