import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DescribedApi } from './described-api.js';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

let gateway: GatewayProcess;
let upstream: Upstream;
let described: DescribedApi;
const call: DescribedApi['call'] = (...args) => described.call(...args);

beforeAll(async () => {
  upstream = await Upstream.started(({ url }, response) => {
    response.statusCode = url === '/counted/bad' ? 500 : 200;
    response.end();
  });
  gateway = await GatewayProcess.started({
    tigateway: { 'log-level': 'error' },
    routes: {
      'good.json': JSON.stringify({ routes: [route('counted')] }),
      'wrong.yaml': 'routes:\n  - id: wrong\n    uri: nowhere\n',
    },
  });
  described = await DescribedApi.of(gateway);
});

afterAll(async () => {
  await gateway.dispose();
  await upstream.stop();
});

function route(id: string) {
  return { id, uri: upstream.url, predicates: [`Path=/${id}/**`], filters: ['AddResponseHeader=X-A, b'] };
}

describe('/actuator', () => {
  it('links to what can be read, and every link leads there', async () => {
    const { _links: links } = (await call('GET', '/actuator')).body as {
      _links: Record<string, { href: string; templated: boolean }>;
    };
    for (const { href, templated } of Object.values(links)) {
      const path = href.replace(gateway.adminUrl, '');
      expect(path).toMatch(/^\/actuator/);
      // Links to what is only sent to lead there with POST.
      if (!templated)
        expect([path, (await fetch(href)).status]).toEqual([path, path.endsWith('/validate') ? 405 : 200]);
    }
  });

  it('health tells every component, its groups, and one by name', async () => {
    const { body } = await call('GET', '/actuator/health');
    expect(body).toMatchObject({ status: 'UP', groups: ['liveness', 'readiness'] });
    for (const name of ['liveness', 'readiness', ...Object.keys((body as { components: object }).components)])
      expect(await call('GET', `/actuator/health/${name}`)).toMatchObject({ status: 200, body: { status: 'UP' } });
    for (const name of ['nothing', 'constructor', '__proto__'])
      expect((await call('GET', `/actuator/health/${name}`)).status).toBe(404);
  });

  it('info tells build and runtime, and nothing of the process', async () => {
    const { body } = await call('GET', '/actuator/info');
    expect(body).toMatchObject({ build: { name: 'tigateway' }, runtime: { node: process.version } });
    expect(JSON.stringify(body)).not.toContain(gateway.folder);
  });
});

describe('/actuator/configuration', () => {
  it('status tells sources, rejected documents with their place, and the last update', async () => {
    await call('POST', '/api/configuration/global?configId=mine', { any: 'thing' });
    const { body } = await call('GET', '/actuator/configuration/status');
    expect(body).toMatchObject({
      sources: [
        { name: 'api', state: 'up', documents: 1, rejected: [] },
        {
          name: 'file',
          state: 'up',
          documents: 2,
          rejected: [
            {
              document: 'routes/wrong.yaml',
              servesLastGood: false,
              problems: [{ pointer: '/routes/0/uri', position: { document: 'routes/wrong.yaml', line: 3, column: 5 } }],
            },
          ],
        },
      ],
      configurations: { route: { count: 1 }, filter: { count: 0 }, global: { count: 1 } },
      pending: [],
      held: [],
      drift: false,
      lastUpdate: { source: 'api', changes: 1, outcome: 'applied' },
    });
  });

  it('validate judges a document of any layout, or what runs, and changes nothing', async () => {
    const { body: before } = await call('GET', '/actuator/configuration/status');
    expect(await call('POST', '/actuator/configuration/validate')).toMatchObject({
      status: 200,
      body: { valid: true },
    });
    const sound = { spring: { cloud: { gateway: { routes: [route('tried')] } } } };
    expect((await call('POST', '/actuator/configuration/validate', sound)).body).toMatchObject({
      valid: true,
      errors: [],
    });
    const wrong = { routes: [{ ...route('tried'), filters: ['Unknown'] }] };
    expect((await call('POST', '/actuator/configuration/validate', wrong)).body).toMatchObject({
      valid: false,
      errors: [{ pointer: '/routes/0/filters/0' }],
    });
    expect((await call('GET', '/actuator/configuration/status')).body).toEqual(before);
  });
});

describe('/actuator/gateway', () => {
  const path = '/actuator/gateway';

  it('shows the routes that take traffic, as Spring Cloud Gateway does', async () => {
    const shown = {
      route_id: 'counted',
      uri: upstream.url,
      order: 0,
      predicate: 'Paths: [/counted/**], match trailing slash: true',
      filters: [expect.stringMatching(/^\[\[AddResponseHeader .*X-A.*'b'.*\], order = 1\]$/)],
    };
    expect((await call('GET', `${path}/routes`)).body).toEqual([shown]);
    expect((await call('GET', `${path}/routes/counted`)).body).toEqual(shown);
    expect((await call('GET', `${path}/routes/wrong`)).status).toBe(404);
    expect((await call('GET', '/actuator/circuitbreakers')).status).toBe(200);
    expect((await call('GET', '/actuator/workers')).body).toEqual({ workers: [] });
    expect((await call('POST', '/actuator/workers/restart')).status).toBe(404);
    expect((await call('GET', path)).body).toContainEqual({
      href: '/actuator/gateway/routes/counted',
      methods: ['POST', 'DELETE', 'GET'],
    });
    expect(Object.values((await call('GET', `${path}/routes/counted/combinedfilters`)).body as object)).toContain(1);
    const definitions = (await call('GET', `${path}/routedefinitions`)).body as object[];
    expect(definitions).toMatchObject([
      { id: 'counted', predicates: [{ name: 'Path', args: { _genkey_0: '/counted/**' } }] },
    ]);
    for (const catalogue of ['routefilters', 'routepredicates', 'globalfilters'])
      expect((await call('GET', `${path}/${catalogue}`)).status).toBe(200);
  });

  it('creates, replaces and deletes', async () => {
    const created = await call('POST', `${path}/routes/made`, { ...route('made'), id: undefined });
    expect([created.status, created.headers.get('location'), created.body]).toEqual([201, '/routes/made', '']);
    expect((await fetch(`${gateway.url}/made/x`)).status).toBe(200);
    expect((await call('POST', `${path}/routes`, [route('made'), route('more')])).status).toBe(200);
    expect((await call('POST', `${path}/routes`, [route('made'), { id: 'wrong' }])).status).toBe(400);
    expect((await call('POST', `${path}/routes/made`, { uri: 'nowhere' })).status).toBe(400);
    for (const id of ['made', 'more']) expect((await call('DELETE', `${path}/routes/${id}`)).status).toBe(200);
    expect((await call('DELETE', `${path}/routes/made`)).status).toBe(404);
    expect((await fetch(`${gateway.url}/made/x`)).status).toBe(404);
    expect((await call('POST', `${path}/refresh`)).status).toBe(200);
  });
});

/** One line of Prometheus text: `name{label="value"} 1`. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/y;

/** Reads the text format strictly. @throws Error for what is no such line */
function samplesOf(text: string): { readonly types: ReadonlyMap<string, string>; readonly samples: readonly Sample[] } {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const [, typed, type] = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) {
      if (types.has(typed)) throw new Error(`${typed} has two types`);
      types.set(typed, type);
    } else if (line !== '' && !/^# HELP [a-zA-Z_:][\w:]* /.test(line)) {
      const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`no sample: ${line}`);
      samples.push({ name, labels: labelsOf(labels), value: numberOf(value as string) });
    }
  }
  return { types, samples };
}

function numberOf(text: string): number {
  if (!/^([+-]?Inf|NaN|[+-]?\d+(\.\d+)?(e[+-]?\d+)?)$/i.test(text)) throw new Error(`no number: ${text}`);
  return Number(text.replace(/inf$/i, 'Infinity'));
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let at = 0; at < text.length; at = LABEL.lastIndex + 1) {
    LABEL.lastIndex = at;
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no labels: ${text}`);
    labels[name] = value;
  }
  return labels;
}

describe('metrics', () => {
  const requests = 'spring_cloud_gateway_requests_seconds';

  beforeAll(async () => {
    for (let n = 0; n < 20; n++) await fetch(`${gateway.url}/counted/${n % 4 === 0 ? 'bad' : 'good'}`);
    await fetch(`${gateway.url}/nobody`);
  });

  it('are Prometheus text: one type each, and whole histograms that only rise', async () => {
    const { headers, body } = await call('GET', '/actuator/prometheus');
    expect(headers.get('content-type')).toMatch(/^text\/plain; ?(charset=utf-8; ?)?version=0\.0\.4/);
    const { types, samples } = samplesOf(body as string);
    for (const { name } of samples) {
      const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
      expect([name, types.has(family)]).toEqual([name, true]);
    }
    const histograms = [...types].filter(([, type]) => type === 'histogram').map(([name]) => name);
    expect(histograms).toEqual(expect.arrayContaining([requests, 'tigateway_configuration_update_duration_seconds']));
    let checked = 0;
    for (const histogram of histograms) {
      const series = new Map<string, [bound: number, count: number][]>();
      for (const { name, labels, value } of samples) {
        if (name !== `${histogram}_bucket`) continue;
        const { le = '', ...others } = labels;
        const key = JSON.stringify(others);
        series.set(key, [...(series.get(key) ?? []), [le === '+Inf' ? Infinity : Number(le), value]]);
      }
      for (const [key, buckets] of series) {
        for (const [index, [bound, count]] of buckets.entries()) {
          const [lower, fewer] = buckets[index - 1] ?? [-Infinity, 0];
          expect(bound).toBeGreaterThan(lower);
          expect(count).toBeGreaterThanOrEqual(fewer);
        }
        const total = samples.find(
          ({ name, labels }) => name === `${histogram}_count` && JSON.stringify(labels) === key,
        );
        expect(buckets.at(-1)).toEqual([Infinity, total?.value]);
        checked++;
      }
    }
    expect(checked).toBeGreaterThanOrEqual(3);
  });

  it('count requests by route and outcome, and configurations, sources and rejections', async () => {
    const { samples } = samplesOf((await call('GET', '/actuator/prometheus')).body as string);
    const valueOf = (wanted: string, labels: Record<string, string>): number =>
      samples
        .filter(({ name }) => name === wanted)
        .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
        .reduce((sum, { value }) => sum + value, 0);
    expect(valueOf(`${requests}_count`, { routeId: 'counted', httpMethod: 'GET' })).toBe(20);
    expect(valueOf(`${requests}_count`, { routeId: 'counted', outcome: 'SERVER_ERROR' })).toBe(5);
    expect(valueOf('tigateway_configuration_count', { configType: 'route' })).toBe(1);
    expect(valueOf('tigateway_configuration_source_up', { source: 'file' })).toBe(1);
    expect(valueOf('tigateway_configuration_rejected_total', { source: 'file' })).toBe(1);
    expect(
      valueOf('tigateway_configuration_updates_total', { configType: 'global', configId: 'mine', success: 'true' }),
    ).toBe(1);
  });

  it('have Spring’s names and tags too', async () => {
    const { names } = (await call('GET', '/actuator/metrics')).body as { names: string[] };
    expect(names).toEqual(expect.arrayContaining(['tigateway.configuration.updates.total']));
    for (const name of names) expect((await call('GET', `/actuator/metrics/${name}`)).status).toBe(200);
    const { body } = await call('GET', '/actuator/metrics/tigateway.configuration.count?tag=configType:route');
    expect(body).toMatchObject({ measurements: [{ statistic: 'VALUE', value: 1 }] });
    expect((await call('GET', '/actuator/metrics/nothing')).status).toBe(404);
    expect((await call('GET', '/actuator/metrics/tigateway.configuration.count?tag=x')).status).toBe(400);
  });
});

describe('the calls of this file', () => {
  it('were all of those under /actuator', async () => {
    await call('GET', '/actuator/openapi');
    // There are none to replace: workers.spec.ts.
    expect(described.uncalled('/actuator')).toEqual(['POST /actuator/workers/restart']);
  });
});
