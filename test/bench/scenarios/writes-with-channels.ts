import { answeredRoute } from '../generated-routes.js';
import { freePort } from '../processes/external.js';
import { BenchGateway } from '../processes/gateway.js';
import { type Hook, startHook } from '../processes/hook.js';
import { HttpProbe } from '../processes/http-probe.js';
import { atMost, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const WRITES = 1_000;
const WARM_UP = 100;
const LIMIT_RATIO = 1.1;

/** What it costs the writer that nobody can be told. */
export const writesWithChannels: Scenario = {
  name: 'writes-with-channels',
  title: `Answer to an API write, without channels and with all of them on and every target dead (${WRITES} writes)`,
  async run() {
    const dead = await deadChannels();
    try {
      const rows: Row[] = [
        { name: 'no channel', values: await measure(undefined) },
        { name: 'all on, all dead', values: await measure(dead.notification) },
      ];
      const [without, withAll] = rows.map(({ values }) => values[0] ?? Number.NaN) as [number, number];
      return {
        columns: [
          { title: 'answered p50', unit: 'ms', isCompared: true },
          { title: 'answered p99', unit: 'ms', isCompared: true },
          { title: 'answered max', unit: 'ms' },
        ],
        rows,
        aims: atMost(`p50 with dead channels ≤ ${LIMIT_RATIO} × without`, LIMIT_RATIO, withAll / without, '×'),
        notes: ['The channels’ attempts run on the core of the gateway too.'],
      };
    } finally {
      await Promise.all(dead.hooks.map((hook) => hook.stop()));
    }
  },
};

async function deadChannels(): Promise<{ notification: object; hooks: readonly Hook[] }> {
  const [fails, hangs] = [await startHook('fails'), await startHook('hangs')];
  const refused = await freePort();
  return {
    hooks: [fails, hangs],
    notification: {
      webhook: { url: hangs.url, 'allow-insecure': true },
      slack: { 'webhook-url': fails.url, 'allow-insecure': true },
      teams: { 'webhook-url': `http://127.0.0.1:${refused}/`, 'allow-insecure': true },
      email: { smtp: { host: '127.0.0.1', port: refused }, from: 'a@b.c', recipients: ['a@b.c'] },
    },
  };
}

async function measure(notification: object | undefined): Promise<Row['values']> {
  const gateway = await BenchGateway.started([]);
  const admin = new HttpProbe(gateway.adminUrl);
  try {
    if (notification) await admin.expect('POST', '/api/configuration/global?configId=notification', notification);
    const answered: number[] = [];
    for (let revision = 1; revision <= WARM_UP + WRITES; revision += 1) {
      const id = `bench-${revision % 50}`;
      const startedMs = performance.now();
      await admin.expect('PUT', `/api/configuration/routes/${id}`, answeredRoute(id, `/${id}`, revision));
      if (revision > WARM_UP) answered.push(performance.now() - startedMs);
    }
    return [percentile(answered, 0.5), percentile(answered, 0.99), Math.max(...answered)];
  } finally {
    admin.close();
    await gateway.dispose();
  }
}
