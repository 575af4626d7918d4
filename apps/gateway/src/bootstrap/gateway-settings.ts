import {
  AnyJson,
  Choice,
  DurationMs,
  Flag,
  Int,
  type Json,
  ListOf,
  MapOf,
  Nested,
  SizeBytes,
  type SourceName,
  Text,
} from '@tigateway/model';
import { DiscoveryLocatorSettings } from '@tigateway/configuration';
import { DEFAULT_DENIED_UPSTREAMS, type ErrorStatusMode } from '@tigateway/proxy';
import { ArrayNotEmpty, ArrayUnique, IsIn, IsNotEmpty, Max, Min } from 'class-validator';
import { ApiVersionSettings } from './api-version-settings.js';
import { JsonToGrpcSettings } from './json-to-grpc-settings.js';
import { KubernetesSettings } from './kubernetes-settings.js';
import { OAuth2Settings } from './oauth2-settings.js';
import { RateLimiterSettings, RedisConnectionSettings } from './rate-limiter-settings.js';

export const SOURCE_NAMES = ['api', 'crd', 'gateway-api', 'ingress', 'configmap', 'file'] as const;
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** How clients of the data plane are met by TLS. Paths are of PEM files, read anew when they change. */
export class ServerTlsSettings {
  /** The certificate, then those of its issuers. */
  @Text() @IsNotEmpty() certificate!: string;
  @Text() @IsNotEmpty() key!: string;
  @Choice(['TLSv1.2', 'TLSv1.3']) minVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.2';
  /** Whether clients have to show a certificate too; `want`: they need not, but a bad one is refused. */
  @Choice(['none', 'want', 'need']) clientAuth: 'none' | 'want' | 'need' = 'none';
  /** Whose client certificates are good. */
  @Text({ optional: true }) clientCa?: string;
}

export class Http2Settings {
  /** Spoken with clients that choose it, by ALPN or in clear with prior knowledge. */
  @Flag() enabled = true;
}

export class ServerWebSocketSettings {
  /** Silence in both directions that closes one, in milliseconds; 0: none does. */
  @DurationMs({ key: 'idle-timeout' }) @Min(0) idleTimeoutMs = 0;
}

/** The data plane. */
export class ServerSettings {
  @Int({ about: '0 takes a free one' }) @Min(0) @Max(65_535) port = 8080;
  @Text() @IsNotEmpty() address = '0.0.0.0';
  /** Processes that serve traffic: a number, or `auto` for one a core. 1: this process does, and there are no others. */
  @Text() workers = '1';
  /** `native`: sockets and a strict parser of our own; `node`: Node's own HTTP server and undici. */
  @Choice(['native', 'node']) engine: 'native' | 'node' = 'native';
  /** Absent: traffic is taken in clear. */
  @Nested(() => ServerTlsSettings, { optional: true }) tls?: ServerTlsSettings;
  @Nested(() => Http2Settings) http2 = new Http2Settings();
  @Nested(() => ServerWebSocketSettings) websocket = new ServerWebSocketSettings();
  /** How long a stop waits for requests under way, in milliseconds. */
  @DurationMs({ key: 'drain-timeout' }) @Min(0) drainTimeoutMs = 30_000;
  /** From the connection to the end of the request head, in milliseconds. */
  @DurationMs({ key: 'headers-timeout' }) @Min(1) headersTimeoutMs = 15_000;
  /** To the end of the whole request, in milliseconds; 0 for none. */
  @DurationMs({ key: 'request-timeout' }) @Min(0) requestTimeoutMs = 0;
  /** Of an idle client connection, in milliseconds. */
  @DurationMs({ key: 'keep-alive-timeout' }) @Min(1) keepAliveTimeoutMs = 75_000;
  /** Request line and header block together, in bytes. */
  @SizeBytes({ key: 'max-header-size' }) @Min(1_024) @Max(1_048_576) maxHeaderBytes = 16_384;
  @Int() @Min(1) maxHeaderCount = 200;
  /** 0 for no limit. */
  @Int() @Min(0) maxConnections = 0;
  /** Of one client address; 0 for no limit. Only the native engine counts them. */
  @Int() @Min(0) maxConnectionsPerAddress = 0;
  /** 0 for no limit. */
  @Int() @Min(0) maxRequestsPerConnection = 0;
}

export class ManagementAuthSettings {
  /** The bearer token; empty: none, and then only a loopback address is listened on. */
  @Text() token = '';
  /** Holds the token instead, and is watched: a changed one holds at once, and ends what the old one had opened. */
  @Text({ optional: true }) tokenFile?: string;
}

/** REST, actuator and WebSocket. */
export class ManagementSettings {
  @Int() @Min(0) @Max(65_535) port = 8090;
  @Text() @IsNotEmpty() address = '127.0.0.1';
  @Nested(() => ManagementAuthSettings) auth = new ManagementAuthSettings();
  /** Values of `Host` that are answered besides the listening address and the loopback names. */
  @ListOf({ kind: 'text' }) allowedHosts: string[] = [];
}

export class ApiSourceSettings {
  @Flag() enabled = true;
}

export class FileSourceSettings {
  @Flag() enabled = true;
  /** Files or folders; relative ones start at the bootstrap file's folder. */
  @ListOf({ kind: 'text' }) paths: string[] = ['./routes'];
  /** Quiet awaited after a change, in milliseconds. */
  @DurationMs({ key: 'debounce' }) @Min(0) @Max(500) debounceMs = 50;
  /** Replace `${NAME}` and `${NAME:default}` in documents. */
  @Flag() placeholders = true;
}

export class ConfigMapSourceSettings {
  @Flag() enabled = false;
  @Text() @IsNotEmpty() namespace = 'tigateway';
  /** As `kubectl -l` takes it; what is not selected is never read. */
  @Text() @IsNotEmpty() labelSelector = 'app=tigateway,component=config';
}

export class CustomResourceSourceSettings {
  @Flag() enabled = false;
  /** `*`: all there are. */
  @ListOf({ kind: 'text' }) @ArrayNotEmpty() namespaces: string[] = ['tigateway'];
}

export class IngressSourceSettings {
  @Flag() enabled = false;
  /** `*`: all there are. */
  @ListOf({ kind: 'text' }) @ArrayNotEmpty() namespaces: string[] = ['*'];
  /** Ours even where there is no IngressClass of that name. */
  @Text() @IsNotEmpty() ingressClass = 'tigateway';
  /** Where the gateway is reached: what `status.loadBalancer` says. */
  @ListOf({ kind: 'text' }) addresses: string[] = [];
}

export class GatewayApiSourceSettings {
  @Flag() enabled = false;
  /** `*`: all there are. */
  @ListOf({ kind: 'text' }) @ArrayNotEmpty() namespaces: string[] = ['*'];
  /** GatewayClasses of this controller are ours. */
  @Text() @IsNotEmpty() controllerName = 'tigateway.cn/gateway';
  /** Where the gateway is reached: what the status of a Gateway says. */
  @ListOf({ kind: 'text' }) addresses: string[] = [];
}

export class SourcesSettings {
  /** The first one wins where several define one id; what is not named comes last. */
  @ListOf({ kind: 'choice', choices: [...SOURCE_NAMES, 'discovery'] })
  @ArrayUnique()
  precedence: SourceName[] = [...SOURCE_NAMES];
  @Nested(() => ApiSourceSettings) api = new ApiSourceSettings();
  @Nested(() => FileSourceSettings) file = new FileSourceSettings();
  @Nested(() => ConfigMapSourceSettings) configmap = new ConfigMapSourceSettings();
  @Nested(() => CustomResourceSourceSettings) crd = new CustomResourceSourceSettings();
  @Nested(() => IngressSourceSettings) ingress = new IngressSourceSettings();
  @Nested(() => GatewayApiSourceSettings) gatewayApi = new GatewayApiSourceSettings();
}

export class KubernetesDiscoverySettings {
  @Flag() enabled = false;
  /** Where `lb://<name>` looks after the gateway's own namespace, in this order; `*`: everywhere. */
  @ListOf({ kind: 'text' }) @ArrayNotEmpty() namespaces: string[] = ['tigateway'];
  /** As `kubectl -l` takes it: which Services are listed, and get a route from the locator. */
  @Text() labelSelector = '';
}

export class DiscoverySettings {
  /** A route for every service that is known. */
  @Nested(() => DiscoveryLocatorSettings) locator = new DiscoveryLocatorSettings();
  /** `lb://` from Services and EndpointSlices. */
  @Nested(() => KubernetesDiscoverySettings) kubernetes = new KubernetesDiscoverySettings();
}

export class UpstreamsSettings {
  /** CIDRs that no upstream connection may go to, judged after name resolution. */
  @ListOf({ kind: 'text' }) deny: string[] = [...DEFAULT_DENIED_UPSTREAMS];
}

export class PathSettings {
  /**
   * `reject` refuses every path that an upstream may read differently (`%2F`, `//`, `..` and their kin), `allow` none; absent,
   * encoded NUL, backslashes and dot segments are refused.
   */
  @Choice(['reject', 'allow'], { optional: true }) ambiguous?: 'reject' | 'allow';
}

export class CompatibilitySettings {
  /** `precise`: 502, 503, 504 by cause; `scg`: 500, as Spring Cloud Gateway answers. */
  @Choice(['precise', 'scg']) errorStatus: ErrorStatusMode = 'precise';
}

/** Predicates and filters that no route may name, whoever defines it. */
export class DisabledSettings {
  @ListOf({ kind: 'text' }) predicates: string[] = [];
  @ListOf({ kind: 'text' }) filters: string[] = [];
}

export class DemoUpstreamSettings {
  @Flag() enabled = false;
  @Int() @Min(0) @Max(65_535) port = 9001;
}

export class TigatewaySettings {
  /** API-made configuration, history and the last good state; a relative path starts at the bootstrap file's folder. */
  @Text() @IsNotEmpty() dataDir = './data';
  @Choice(['embedded', 'kubernetes']) store: 'embedded' | 'kubernetes' = 'embedded';
  @Nested(() => KubernetesSettings) kubernetes = new KubernetesSettings();
  @Nested(() => SourcesSettings) sources = new SourcesSettings();
  /** Overridden by the global configuration of that name; its placeholders are resolved only where they take effect. */
  @AnyJson() updatePolicy: Json = {};
  @AnyJson() notification: Json = {};
  @Nested(() => DiscoverySettings) discovery = new DiscoverySettings();
  /** Who is behind `lb://<name>`, by service name: a list of URLs, or an object as `service-list.ts` reads it. */
  @MapOf({ kind: 'json' }) services: Record<string, Json> = {};
  /** Whose forwarded headers are believed: CIDRs, or one regular expression on the peer's address. */
  @ListOf({ kind: 'text' }, { splitsCommas: false }) trustedProxies: string[] = [];
  @Nested(() => UpstreamsSettings) upstreams = new UpstreamsSettings();
  @Nested(() => PathSettings) path = new PathSettings();
  @Nested(() => CompatibilitySettings) compatibility = new CompatibilitySettings();
  @Nested(() => ApiVersionSettings) apiVersion = new ApiVersionSettings();
  @Nested(() => JsonToGrpcSettings) jsonToGrpc = new JsonToGrpcSettings();
  @Nested(() => OAuth2Settings) oauth2 = new OAuth2Settings();
  @Nested(() => RateLimiterSettings) rateLimiter = new RateLimiterSettings();
  @Nested(() => RedisConnectionSettings) redis = new RedisConnectionSettings();
  /** ES modules that bring predicates and filters of their own; relative paths start at the bootstrap file's folder. */
  @ListOf({ kind: 'text' }) extensions: string[] = [];
  @Nested(() => DisabledSettings) disabled = new DisabledSettings();
  @Nested(() => DemoUpstreamSettings) demoUpstream = new DemoUpstreamSettings();
  @Text() @IsIn(LOG_LEVELS) logLevel: string = 'info';
}

/** The bootstrap file: what stays as it is while the process runs. Every key has its default here. */
export class GatewaySettings {
  @Nested(() => ServerSettings) server = new ServerSettings();
  @Nested(() => ManagementSettings) management = new ManagementSettings();
  @Nested(() => TigatewaySettings) tigateway = new TigatewaySettings();
}
