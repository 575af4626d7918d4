import {
  Choice,
  DurationMs,
  Flag,
  type GlobalSettingsSchema,
  Int,
  ListOf,
  Nested,
  type Problem,
  SizeBytes,
  Text,
} from '@tigateway/model';
import { Max, Min } from 'class-validator';
import { JavaRegex } from '../patterns/java-regex.js';
import { unwrapped } from './unwrapped.js';

/** Connections to one host and port. */
export class PoolSettings {
  @Choice(['ELASTIC', 'FIXED', 'DISABLED'], {
    about:
      'ELASTIC never waits for a connection; FIXED has at most `max-connections`; DISABLED makes a new one each time.',
  })
  type: 'ELASTIC' | 'FIXED' | 'DISABLED' = 'ELASTIC';

  @Text({ about: 'Shown in metrics only.' })
  name = 'proxy';

  @Int({ optional: true, about: 'FIXED only. Default: twice the number of cores, but 16 at least.' })
  @Min(1)
  maxConnections?: number;

  @Int({ key: 'acquire-timeout', about: 'FIXED only: how long a request may wait for a connection, in milliseconds.' })
  @Min(0)
  acquireTimeoutMs = 45_000;

  @DurationMs({ key: 'max-idle-time', optional: true, about: 'An idle connection is closed after it.' })
  @Min(0)
  maxIdleTimeMs?: number;

  @DurationMs({ key: 'max-life-time', optional: true, about: 'A connection is not used again after it.' })
  @Min(0)
  maxLifeTimeMs?: number;

  @DurationMs({
    key: 'eviction-interval',
    about: 'Not needed: a connection is closed as soon as its idle time is over, and not used beyond its life.',
  })
  @Min(0)
  evictionIntervalMs = 0;

  @Choice(['FIFO', 'LIFO'])
  leasingStrategy: 'FIFO' | 'LIFO' = 'FIFO';

  @Flag({ about: 'Show how many connections are open, by target.' })
  metrics = false;
}

/** TLS to upstreams. Paths are of files, read when the settings come into force. */
export class ClientSslSettings {
  @Flag({ about: 'Trust every certificate. Never outside of a laboratory.' })
  useInsecureTrustManager = false;

  @ListOf({ kind: 'text' }, { key: 'trusted-x509-certificates', about: 'PEM files trusted beside the system’s.' })
  trustedX509Certificates: string[] = [];

  @Text({ optional: true, about: 'The gateway’s own certificate and key for upstreams that ask for one.' })
  keyStore?: string;

  @Choice(['PKCS12', 'PEM'], { about: 'PEM: certificates and key in one file.' })
  keyStoreType: 'PKCS12' | 'PEM' = 'PKCS12';

  @Text({ optional: true })
  keyStorePassword?: string;

  @Text({ optional: true, about: 'Of the key alone. Default: that of the key store.' })
  keyPassword?: string;

  @Text({ optional: true, about: 'Refused: providers of key stores are Java’s.' })
  keyStoreProvider?: string;

  @Text({ optional: true, about: 'Refused: name the PEM files instead.' })
  sslBundle?: string;

  @DurationMs({ key: 'handshake-timeout', about: 'From the connection to the end of its TLS handshake.' })
  @Min(1)
  handshakeTimeoutMs = 10_000;

  @DurationMs({
    key: 'close-notify-flush-timeout',
    about: 'As it is: the end of TLS is sent with the end of the connection.',
  })
  @Min(0)
  closeNotifyFlushTimeoutMs = 3_000;

  @DurationMs({ key: 'close-notify-read-timeout', about: 'As it is: nobody waits for the other side’s.' })
  @Min(0)
  closeNotifyReadTimeoutMs = 0;
}

export class ClientWebSocketSettings {
  @SizeBytes({ key: 'max-frame-payload-length' })
  @Min(1)
  maxFramePayloadBytes = 65_536;

  @Flag({ about: 'Forward pings, which is all that there is: false is refused.' })
  proxyPing = true;
}

/** A proxy that upstreams are reached through. */
export class ForwardProxySettings {
  @Choice(['HTTP', 'SOCKS4', 'SOCKS5'])
  type: 'HTTP' | 'SOCKS4' | 'SOCKS5' = 'HTTP';

  @Text({ optional: true })
  host?: string;

  @Int({ optional: true })
  @Min(1)
  @Max(65_535)
  port?: number;

  @Text({ optional: true })
  username?: string;

  @Text({ optional: true })
  password?: string;

  @Text({ optional: true, about: 'A regular expression; hosts that match it fully are reached directly.' })
  nonProxyHostsPattern?: string;
}

/** The gateway as a client of its upstreams: Spring's `httpclient`. */
export class HttpClientSettings {
  @Int({ key: 'connect-timeout', about: 'In milliseconds.' })
  @Min(1)
  connectTimeoutMs = 30_000;

  @DurationMs({
    key: 'response-timeout',
    optional: true,
    about: 'From the start of the call to the head of the response. Absent: none.',
  })
  @Min(1)
  responseTimeoutMs?: number;

  @SizeBytes({ key: 'max-header-size', about: 'Of an upstream’s response.' })
  @Min(1)
  maxHeaderBytes = 16_384;

  @SizeBytes({ key: 'max-initial-line-length', about: 'Of an upstream’s response.' })
  @Min(1)
  maxInitialLineBytes = 4_096;

  @Flag({ about: 'Ask upstreams for compressed responses and decompress them.' })
  compression = false;

  @Flag({ about: 'Refused where true: a log of every byte would hold every secret.' })
  wiretap = false;

  @Nested(() => PoolSettings)
  pool = new PoolSettings();

  @Nested(() => ClientSslSettings)
  ssl = new ClientSslSettings();

  @Nested(() => ClientWebSocketSettings)
  websocket = new ClientWebSocketSettings();

  @Nested(() => ForwardProxySettings)
  proxy = new ForwardProxySettings();
}

export const HTTPCLIENT_SETTINGS: GlobalSettingsSchema<HttpClientSettings> = {
  configId: 'httpclient',
  type: HttpClientSettings,
  unwrap: (configuration) => unwrapped(configuration, 'httpclient'),
  check: refusals,
};

/** Spring's keys that stand for something that is not here: better no start than a setting that is taken and not kept. */
function refusals({ ssl, websocket, proxy, wiretap }: HttpClientSettings): Problem[] {
  const problems: Problem[] = [];
  const refuse = (pointer: string, message: string): void =>
    void problems.push({ pointer, code: 'unsupported', message });
  if (wiretap)
    refuse('/wiretap', 'a log of every byte would hold every secret: use the global configuration access-log');
  if (ssl.sslBundle !== undefined) {
    refuse('/ssl/ssl-bundle', 'there are no bundles here: use trusted-x509-certificates and key-store');
  }
  if (ssl.keyStoreProvider !== undefined) refuse('/ssl/key-store-provider', 'providers of key stores are Java’s');
  const { closeNotifyFlushTimeoutMs, closeNotifyReadTimeoutMs } = new ClientSslSettings();
  if (ssl.closeNotifyFlushTimeoutMs !== closeNotifyFlushTimeoutMs) {
    refuse('/ssl/close-notify-flush-timeout', 'cannot be set: the end of TLS is sent with the end of the connection');
  }
  if (ssl.closeNotifyReadTimeoutMs !== closeNotifyReadTimeoutMs) {
    refuse('/ssl/close-notify-read-timeout', 'cannot be set: nobody waits for the end of TLS of the other side');
  }
  if (!websocket.proxyPing) refuse('/websocket/proxy-ping', 'cannot be false: pings are always forwarded');
  if (proxy.host !== undefined && proxy.port === undefined) {
    refuse('/proxy/port', 'is required where there is a proxy host');
  }
  if (proxy.nonProxyHostsPattern !== undefined) {
    try {
      JavaRegex.compile(proxy.nonProxyHostsPattern);
    } catch (error) {
      refuse('/proxy/non-proxy-hosts-pattern', (error as Error).message);
    }
  }
  return problems;
}

/** What is taken because Spring's configurations hold it, and needs nothing done. */
export function needlessSettings({ pool }: HttpClientSettings): Problem[] {
  if (pool.evictionIntervalMs === 0) return [];
  const message = 'not needed: a connection is closed as soon as its idle time is over, and not used beyond its life';
  return [{ pointer: '/pool/eviction-interval', code: 'needless-property', message }];
}
