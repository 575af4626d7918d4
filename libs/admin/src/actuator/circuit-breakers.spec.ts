import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AdminApplication, adminApplication } from '../../../../test/builders/admin-application.js';

let admin: AdminApplication;

beforeAll(async () => {
  admin = await adminApplication();
  await admin.app.init();
  await admin.app.getHttpAdapter().getInstance().ready();
});

afterAll(() => admin.app.close());

it('/actuator/circuitbreakers shows each breaker, those of one name with their routes', async () => {
  const settings = { windowCalls: 10, minimumCalls: 2, failurePercent: 50, openMs: 1_000, probes: 1 };
  const open = admin.breakers.of('a', 'key', 'shared', settings);
  for (const _ of [1, 2]) open.enter()?.failed();
  open.enter();
  admin.breakers.of('b', 'key', 'shared', settings).enter()?.succeeded();
  admin.breakers.of('b', 'other', 'shared', settings);
  admin.breakers.of('c', 'key', 'c', settings);
  const answer = await admin.app.inject({ url: '/actuator/circuitbreakers', headers: { host: 'localhost:8090' } });
  const { circuitBreakers } = answer.json<{ circuitBreakers: Record<string, unknown> }>();
  expect(Object.keys(circuitBreakers)).toEqual(['shared (a)', 'shared (b)', 'shared (b) 2', 'c']);
  expect(circuitBreakers['shared (a)']).toEqual({
    routeId: 'a',
    state: 'OPEN',
    failureRate: '100.0%',
    failureRateThreshold: '50.0%',
    bufferedCalls: 2,
    failedCalls: 2,
    notPermittedCalls: 1,
  });
  expect(circuitBreakers['c']).toMatchObject({ state: 'CLOSED', failureRate: '-1.0%' });
});
