import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminApplication, adminApplication } from '../../../../test/builders/admin-application.js';

let admin: AdminApplication;

const counts = { queued: 0, inFlight: 0, waitingForRetry: 0, dead: 1, delivered: 0, failed: 3, lost: 0 };
const webhook = { name: 'webhook', state: 'failing', reason: 'it answered 500', ...counts } as const;

function letter(id: string, channel: string) {
  const events = [{ type: 'configuration_update', sequence: 7, configType: 'route', configId: 'a' } as const];
  const facts = { sequence: 7, isDigest: false, attempts: 3, error: 'it answered 500', eventCount: 1, events };
  return { id, channel, ...facts, failedAt: '2026-01-01T00:00:00.000Z', isUnderWay: false };
}

beforeEach(async () => {
  admin = await adminApplication();
  await admin.app.init();
  await admin.app.getHttpAdapter().getInstance().ready();
  admin.deliveries.channels.push(webhook);
  admin.deliveries.letters.push(letter('one', 'webhook'), letter('two', 'slack'));
});

afterEach(() => admin.app.close());

function call(method: 'GET' | 'POST', path: string) {
  return admin.app.inject({ method, url: `/api/configuration/notifications${path}`, headers: { host: 'localhost' } });
}

describe('the notifications', () => {
  it('are the channels and what they gave up', async () => {
    const response = await call('GET', '');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      channels: [webhook],
      deadLetters: [letter('one', 'webhook'), letter('two', 'slack')],
    });
  });

  it('can be asked for by channel, and only some', async () => {
    expect((await call('GET', '?channel=slack')).json()).toMatchObject({ deadLetters: [{ id: 'two' }] });
    expect((await call('GET', '?limit=1')).json<{ deadLetters: unknown[] }>().deadLetters).toHaveLength(1);
    expect((await call('GET', '?limit=0')).statusCode).toBe(400);
    expect((await call('GET', '?chanel=slack')).statusCode).toBe(400);
  });

  it('are sent once more', async () => {
    const response = await call('POST', '/one/redeliver');
    expect(response.statusCode).toBe(202);
    expect(response.json()).toMatchObject({ id: 'one', isUnderWay: true });
  });

  it.each([
    ['is on no list', 'three', 404, 'notification-not-found'],
    ['has no channel any more', 'two', 409, 'channel-off'],
  ])('are not where one %s', async (_, id, status, kind) => {
    const response = await call('POST', `/${id}/redeliver`);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ type: `urn:tigateway:problem:${kind}` });
  });
});
