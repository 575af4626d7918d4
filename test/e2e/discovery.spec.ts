import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

describe('a route for every service', () => {
  let upstream: Upstream;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    upstream = await Upstream.started((request, response) => response.end(request.url));
    gateway = await GatewayProcess.started({
      tigateway: {
        services: { orders: [upstream.url], internal: [upstream.url], bad_name: [upstream.url] },
        discovery: { locator: { enabled: true, 'include-expression': "serviceId != 'internal'" } },
      },
      routes: {
        'own.yaml': `routes: [{ id: own, uri: ${upstream.url}, predicates: ['Path=/own/**'] }]`,
      },
    });
  });
  afterAll(async () => {
    await gateway.dispose();
    await upstream.stop();
  });

  it.each([
    ['/orders/1?a=b', '/1?a=b'],
    ['/orders', '/'],
    ['/own/x', '/own/x'],
  ])('%s goes upstream as %s', async (path, expected) => {
    const answer = await fetch(gateway.url + path);
    expect(await answer.text()).toBe(expected);
  });

  it('is not there for a service that the settings leave out', async () => {
    expect((await fetch(`${gateway.url}/internal/x`)).status).toBe(404);
  });

  it('is shown with its source, and a name that makes no route is told of', async () => {
    const routes = (await (await fetch(`${gateway.adminUrl}/actuator/gateway/routes`)).json()) as {
      route_id: string;
    }[];
    expect(routes.map((route) => route.route_id)).toEqual(expect.arrayContaining(['ServiceInstances_orders', 'own']));
    const status = JSON.stringify(await (await fetch(`${gateway.adminUrl}/actuator/configuration/status`)).json());
    expect(status).toMatch(/"name":"discovery"[^}]*bad_name|bad_name[^}]*"source":"discovery"/);
  });
});
