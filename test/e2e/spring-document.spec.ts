import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

/** What the upstream was sent, as it answers it. */
type Seen = Readonly<Record<string, string | undefined>>;

interface Entry {
  readonly subject: string;
  readonly message: string;
  readonly position: { readonly line: number };
}

interface Report {
  readonly valid: boolean;
  readonly migration: Readonly<Record<'taken' | 'differs' | 'refused' | 'foreign', readonly Entry[]>>;
}

const applicationOf = (uri: string): string => `
server.port: 8080
spring:
  application.name: edge
  cloud:
    gateway:
      trusted-proxies: 127\\..*
      forwarded.enabled: false
      x-forwarded: { prefix-enabled: false, host-append: false }
      loadbalancer.use404: true
      set-status: { original-status-header-name: X-Was }
      redis-rate-limiter.remaining-header: X-Left
      default-filters: [SecureHeaders]
      filter:
        secure-headers: { disable: [x-download-options], frame-options: SAMEORIGIN }
        request-rate-limiter: { empty-key-status-code: UNAUTHORIZED }
        remove-hop-by-hop.headers: [x-internal]
        local-response-cache: { enabled: true, time-to-live: 1m }
      metrics.tags: { region: eu }
      routes:
        - id: plain
          uri: ${uri}
          predicates: [Path=/api/**]
          filters: [StripPrefix=1, SetStatus=299]
        - id: nobody
          uri: lb://nobody
          predicates: [Path=/nobody]
        - id: limited
          uri: ${uri}
          predicates: [Path=/limited]
          filters:
            - name: RequestRateLimiter
              args: { redis-rate-limiter.replenishRate: 1, redis-rate-limiter.burstCapacity: 1 }
        - id: hourly
          uri: ${uri}
          predicates: [Path=/hourly]
          filters:
            - name: RequestRateLimiter
              args:
                rate-limiter: '#{@bucket4jRateLimiter}'
                key-resolver: '#{@ipKeyResolver}'
                bucket4j-rate-limiter: { capacity: 2, refillPeriod: 1h, refillStyle: INTERVALLY }
        - id: retried
          uri: ${uri}
          predicates: [Path=/retried]
          filters: [Retry=2, CircuitBreaker=b]
`;

describe('an application.yml of Spring Cloud Gateway', () => {
  let upstream: Upstream;
  let gateway: GatewayProcess;
  let application: string;

  beforeAll(async () => {
    let count = 0;
    upstream = await Upstream.started(({ headers }, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('X-Count', String(++count));
      response.end(JSON.stringify(headers));
    });
    application = applicationOf(upstream.url);
    gateway = await GatewayProcess.started({ routes: { 'application.yml': application } });
  });
  afterAll(async () => {
    await gateway.dispose();
    await upstream.stop();
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${gateway.url}${path}`, { headers });
  const validate = async (text: string): Promise<Report> => {
    const response = await fetch(`${gateway.adminUrl}/actuator/configuration/validate`, {
      method: 'POST',
      headers: { 'content-type': 'application/yaml' },
      body: text,
    });
    expect(response.status).toBe(200);
    return (await response.json()) as Report;
  };
  const listed = (entries: readonly Entry[]): string[] => entries.map(({ subject }) => subject);

  it('decides which forwarded and hop-by-hop headers go upstream', async () => {
    const seen = (await (
      await get('/api/x', {
        'x-forwarded-for': '127.0.0.9, 6.6.6.6',
        'x-forwarded-host': 'shop',
        'x-internal': 'secret',
        'proxy-authorization': 'kept',
        forwarded: 'for=127.0.0.9',
      })
    ).json()) as Seen;
    expect(seen['x-forwarded-for']).toBe('127.0.0.9,127.0.0.1');
    expect(seen['x-forwarded-host']).toBe(new URL(gateway.url).host);
    for (const name of ['x-forwarded-prefix', 'forwarded', 'x-internal']) expect(seen[name]).toBeUndefined();
    expect(seen['proxy-authorization']).toBe('kept');
  });

  it('decides what the filters add, answer and keep', async () => {
    const { status, headers } = await get('/api/y');
    expect([status, headers.get('x-was'), headers.get('x-frame-options')]).toEqual([299, '[200]', 'SAMEORIGIN']);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-download-options')).toBeNull();
    expect((await get('/nobody')).status).toBe(404);
    expect((await get('/limited')).status).toBe(401);
    const hourly = [await get('/hourly?1'), await get('/hourly?2'), await get('/hourly?3')];
    expect(hourly.map((each) => [each.status, each.headers.get('x-ratelimit-remaining')])).toEqual([
      [200, '1'],
      [200, '0'],
      [429, '0'],
    ]);
    const [first, second] = [await get('/retried'), await get('/retried')];
    expect(second.headers.get('x-count')).toBe(first.headers.get('x-count'));
    expect(second.headers.get('cache-control')).toMatch(/max-age=\d+/);
  });

  it('labels the metrics', async () => {
    const metrics = await (await fetch(`${gateway.adminUrl}/actuator/prometheus`)).text();
    expect(metrics).toMatch(/spring_cloud_gateway_requests_seconds_count\{[^}]*region="eu"/);
  });

  it('is told of, part by part, with lines', async () => {
    const { valid, migration } = await validate(application);
    expect([valid, listed(migration.refused)]).toEqual([true, []]);
    expect(listed(migration.foreign)).toEqual(['server.port', 'spring.application.name']);
    expect(listed(migration.taken)).toEqual(
      expect.arrayContaining(['route "plain"', 'trusted-proxies', 'filter.secure-headers.frame-options']),
    );
    const retry = migration.differs.find(({ subject }) => subject === 'route "retried", filter Retry');
    expect(application.split('\n')[(retry?.position.line ?? 0) - 1]).toContain('Retry=2');
    expect(listed(migration.differs)).toEqual(
      expect.arrayContaining(['route "limited", filter RequestRateLimiter', 'route "retried", filter CircuitBreaker']),
    );
  });

  it('is told how limits in the words of Bucket4j differ', async () => {
    const { differs } = (await validate(application)).migration;
    const bucket4j = differs.filter(({ message }) => message.startsWith('each route has buckets of its own'));
    expect(listed(bucket4j)).toEqual(['route "hourly", filter RequestRateLimiter']);
  });

  it('is told what keeps it out', async () => {
    const wrong = application
      .replace('uri: lb://nobody', 'uri: ${NOBODY:lb://nobody}')
      .replace('[Retry=2, CircuitBreaker=b]', '[SaveSession, Retry=2]')
      .replace('forwarded.enabled: false', 'filter.retry.enabled: false\n      enabled: false');
    const { valid, migration } = await validate(wrong);
    expect(valid).toBe(false);
    expect(migration.refused.map(({ message }) => message)).toEqual([
      expect.stringContaining('a document cannot switch the gateway off') as string,
      'there is no filter "Retry": this document switches it off by filter.retry.enabled',
      expect.stringContaining('the filter SaveSession needs a server-side session') as string,
    ]);
  });

  it('learns nothing of the environment by asking', async () => {
    const document =
      'routes: [{ id: a, uri: "${TIGATEWAY_CONFIG}" }]\nnotification: { webhook: { enabled: "${PATH}" } }';
    const { errors } = (await validate(document)) as Report & { errors: readonly Entry[] };
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('${TIGATEWAY_CONFIG}') as string,
      'expected true or false, found "${PATH}"',
    ]);
  });
});
