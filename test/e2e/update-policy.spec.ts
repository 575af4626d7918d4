import { afterEach, describe, expect, it } from 'vitest';
import { AdminApi, ConfigurationEvents } from './admin-api.js';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

interface Pending {
  readonly id: string;
  readonly dueAt?: string;
  readonly batch?: { readonly applied: number; readonly total: number };
}

const IDS = ['a', 'b', 'c', 'd', 'e'];

function definition(id: string, uri: string): object {
  return { id, uri, predicates: [`Path=/${id}`] };
}

function batch(uri: string): object {
  const changes = IDS.map((id) => ({
    op: 'upsert',
    configType: 'route',
    configId: id,
    configuration: definition(id, uri),
  }));
  return { changes };
}

describe('the update policy', () => {
  let gateway: GatewayProcess;
  let admin: AdminApi;
  let events: ConfigurationEvents | undefined;
  const upstreams: Upstream[] = [];

  afterEach(async () => {
    events?.close();
    events = undefined;
    await gateway.dispose();
    await Promise.all(upstreams.splice(0).map((upstream) => upstream.stop()));
  });

  async function begin(policy: object): Promise<void> {
    gateway = await GatewayProcess.started({ tigateway: { 'update-policy': policy } });
    admin = new AdminApi(gateway);
    events = await ConfigurationEvents.of(gateway);
  }

  async function upstream(text: string): Promise<string> {
    const made = await Upstream.saying(text);
    upstreams.push(made);
    return made.url;
  }

  function inForce(id: string): Promise<unknown> {
    return (events as ConfigurationEvents).next((event) => event['configId'] === id);
  }

  async function answers(): Promise<string[]> {
    return Promise.all(
      IDS.map(async (id) => {
        const response = await fetch(`${gateway.url}/${id}`);
        return response.ok ? response.text() : String(response.status);
      }),
    );
  }

  async function pendingOf(response: Response): Promise<Pending> {
    expect(response.status).toBe(202);
    return ((await response.json()) as { pending: Pending }).pending;
  }

  it('lets an update in batch by batch', async () => {
    await begin({ update: { strategy: 'rolling', 'batch-size': 2, interval: '300ms' } });
    const uri = await upstream('one');
    const pending = await pendingOf(await admin.send('POST', '/api/configuration/batch', batch(uri)));
    expect(pending.batch).toEqual({ applied: 1, total: 3 });
    expect(await answers()).toEqual(['one', 'one', '404', '404', '404']);
    await inForce('e');
    expect(await answers()).toEqual(IDS.map(() => 'one'));
    expect((await admin.get(`/api/configuration/pending/${pending.id}`)).status).toBe(404);
  });

  it('lets an update in at its time, over a restart, and lets it be cancelled', async () => {
    await begin({ update: { strategy: 'scheduled', schedule: '*/4 * * * * *', timezone: 'UTC' } });
    const uri = await upstream('one');
    const kept = await pendingOf(await admin.send('PUT', '/api/configuration/routes/a', definition('a', uri)));
    const cancelled = await pendingOf(await admin.send('PUT', '/api/configuration/routes/b', definition('b', uri)));
    expect((await admin.send('DELETE', `/api/configuration/pending/${cancelled.id}`)).status).toBe(200);
    expect(await admin.json(`/api/configuration/pending/${kept.id}`)).toMatchObject({ dueAt: kept.dueAt });
    events?.close();
    await gateway.stop('SIGKILL');
    await gateway.start();
    const isIn = async (): Promise<boolean> => (await answers())[0] === 'one';
    while (!(await isIn())) await new Promise((resolve) => setImmediate(resolve));
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(kept.dueAt as string));
    expect((await answers())[1]).toBe('404');
    expect(await admin.json('/api/configuration/pending')).toEqual([]);
  });

  it('is changed while the gateway runs, and a wrong one is refused', async () => {
    await begin({});
    const path = '/api/configuration/global?configId=update-policy';
    const wrong = await admin.send('POST', path, { update: { strategy: 'scheduled', schedule: '0 0 30 2 *' } });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ errors: [{ pointer: '/update/schedule' }] });
    const uri = await upstream('one');
    await admin.write('PUT', '/api/configuration/routes/a', definition('a', uri));
    await admin.write('POST', path, { update: { strategy: 'scheduled', schedule: '0 3 * * *' } });
    await pendingOf(await admin.send('PUT', '/api/configuration/routes/b', definition('b', uri)));
    expect(await admin.json('/actuator/configuration/status')).toMatchObject({ pending: [{ strategy: 'scheduled' }] });
  });
});
