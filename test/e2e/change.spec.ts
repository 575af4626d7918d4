import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { GatewayProcess } from './gateway-process.js';
import { Upstream } from './upstream.js';

describe('a change while traffic flows', () => {
  let gateway: GatewayProcess;
  const upstreams: Record<'blue' | 'green', Upstream> = {} as never;

  beforeAll(async () => {
    upstreams.blue = await Upstream.saying('blue');
    upstreams.green = await Upstream.saying('green');
    gateway = await GatewayProcess.started({
      routes: {
        'file.yaml': routeYaml('from-file', '/file', upstreams.blue.url),
        'other.yaml': routeYaml('other', '/other', upstreams.blue.url),
      },
    });
  });

  afterAll(async () => {
    await gateway.dispose();
    await Promise.all(Object.values(upstreams).map((upstream) => upstream.stop()));
  });

  function put(id: string, path: string, uri: string): Promise<Response> {
    return fetch(`${gateway.adminUrl}/api/configuration/routes/${id}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ id, uri, predicates: [`Path=${path}`] }),
    });
  }

  async function answerOf(path: string): Promise<string> {
    const response = await fetch(gateway.url + path);
    return response.ok ? response.text() : String(response.status);
  }

  /** The next event of the gateway that is about this configuration. */
  async function eventOf(configId: string, cause: () => unknown): Promise<Record<string, unknown>> {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.managementPort}/ws/configuration`);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'subscribe', configId }));
    await once(socket, 'message');
    const message = once(socket, 'message') as Promise<[Buffer]>;
    await cause();
    const [data] = await message;
    socket.close();
    return JSON.parse(data.toString()) as Record<string, unknown>;
  }

  it('made by the API is seen by the next request', async () => {
    for (const colour of ['blue', 'green', 'blue', 'green'] as const) {
      expect((await put('api', '/api', upstreams[colour].url)).status).toBe(200);
      expect(await answerOf('/api')).toBe(colour);
    }
  });

  it('shadows what a file defines until it is deleted', async () => {
    await put('from-file', '/file', upstreams.green.url);
    expect(await answerOf('/file')).toBe('green');
    const deletion = await fetch(`${gateway.adminUrl}/api/configuration/routes/from-file`, { method: 'DELETE' });
    expect(deletion.status).toBe(200);
    expect(await answerOf('/file')).toBe('blue');
  });

  it('of a file is announced once it carries traffic', async () => {
    const event = await eventOf('other', () =>
      gateway.writeRoutes('other.yaml', routeYaml('other', '/other', upstreams.green.url)),
    );
    expect(event).toMatchObject({ type: 'configuration_update', configType: 'route', source: 'file' });
    expect(await answerOf('/other')).toBe('green');
  });

  it('that is wrong leaves everything as it was and says where', async () => {
    const response = await fetch(`${gateway.adminUrl}/api/configuration/routes/api`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        id: 'api',
        uri: upstreams.blue.url,
        predicates: ['Paht=/api'],
        filters: ['StripPrefix=x'],
      }),
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    const { errors } = (await response.json()) as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/predicates/0', '/filters/0']);
    expect(await answerOf('/api')).toBe('green');
  });

  it('that makes a file wrong is refused whole, with its line, and the last good content stays', async () => {
    const broken = `${routeYaml('from-file', '/file', upstreams.green.url)}\n  - id: second\n    uri: nowhere`;
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.managementPort}/ws/configuration`);
    await once(socket, 'open');
    const message = once(socket, 'message') as Promise<[Buffer]>;
    gateway.writeRoutes('file.yaml', broken);
    expect(JSON.parse((await message)[0].toString())).toMatchObject({ type: 'configuration_rejected', source: 'file' });
    socket.close();

    const status = (await (await fetch(`${gateway.adminUrl}/actuator/configuration/status`)).json()) as Status;
    const file = status.sources.find(({ name }) => name === 'file');
    expect(file?.rejected).toMatchObject([{ document: 'routes/file.yaml', servesLastGood: true }]);
    expect(file?.rejected[0]?.problems[0]?.position.line).toBe(6);
    expect(await answerOf('/file')).toBe('blue');
  });

  it('that was acknowledged is there after kill -9', async () => {
    await put('survivor', '/survivor', upstreams.green.url);
    await gateway.stop('SIGKILL');
    await gateway.start();
    expect(await answerOf('/survivor')).toBe('green');
    expect(await answerOf('/file')).toBe('blue');
    const history = await fetch(`${gateway.adminUrl}/api/configuration/history/route/survivor`);
    expect(await history.json()).toMatchObject([{ operation: 'create', source: 'api' }]);
  });
});

interface Status {
  readonly sources: readonly {
    readonly name: string;
    readonly rejected: readonly { readonly problems: readonly { readonly position: { readonly line: number } }[] }[];
  }[];
}

function routeYaml(id: string, path: string, uri: string): string {
  return `routes:\n  - id: ${id}\n    uri: ${uri}\n    predicates: ["Path=${path}"]`;
}
