import {
  Choice,
  DurationMs,
  Flag,
  type GlobalSettingsSchema,
  Int,
  ListOf,
  Nested,
  SizeBytes,
  Text,
} from '@tigateway/model';
import { Max, Min } from 'class-validator';
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
    about: 'How often idle connections are looked through; 0: as they are used.',
  })
  @Min(0)
  evictionIntervalMs = 0;

  @Choice(['FIFO', 'LIFO'])
  leasingStrategy: 'FIFO' | 'LIFO' = 'FIFO';

  @Flag()
  metrics = false;
}

/** TLS to upstreams. */
export class ClientSslSettings {
  @Flag({ about: 'Trust every certificate. Never outside of a laboratory.' })
  useInsecureTrustManager = false;

  @ListOf({ kind: 'text' }, { key: 'trusted-x509-certificates', about: 'PEM files trusted beside the system’s.' })
  trustedX509Certificates: string[] = [];

  @DurationMs({ key: 'handshake-timeout' })
  @Min(1)
  handshakeTimeoutMs = 10_000;

  @DurationMs({ key: 'close-notify-flush-timeout' })
  @Min(0)
  closeNotifyFlushTimeoutMs = 3_000;

  @DurationMs({ key: 'close-notify-read-timeout' })
  @Min(0)
  closeNotifyReadTimeoutMs = 0;
}

export class ClientWebSocketSettings {
  @SizeBytes({ key: 'max-frame-payload-length' })
  @Min(1)
  maxFramePayloadBytes = 65_536;

  @Flag({ about: 'Forward pings instead of answering them.' })
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

  @Flag({ about: 'Taken and without effect: log every byte.' })
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
};
