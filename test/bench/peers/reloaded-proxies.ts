import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { generatedPath } from '../generated-routes.js';
import { ExternalProcess, freePort, isInstalled } from '../processes/external.js';
import { HttpProbe } from '../processes/http-probe.js';
import { Revisions } from '../processes/revisions.js';
import type { Changing, ChangingPeer } from './changing.js';
import { SPRING_CLOUD_GATEWAY, startSpring } from './spring-cloud-gateway.js';

const WARM_UP_SECONDS = 3;
/** A port is open a little before its master process heeds signals. */
const SETTLED_AFTER_MS = 300;
const SETTLED_LIMIT_MS = 2_000;

/** What every reload takes in. The number of the reload stands before the revision, so that it is seen even where only others change. */
interface State {
  readonly serial: number;
  readonly revision: number;
  readonly other: number;
}

function location({ serial, revision }: State): string {
  return `http://revision.test/${serial}/${revision}`;
}

function seenSerial(location: string | undefined): number {
  return Number(location?.split('/').at(-2) ?? Number.NaN);
}

interface Settling {
  /** When the next one may follow. */
  readonly settled: Promise<void>;
  /** For what may be lost: called where nothing came of it. */
  again(): void;
}

/** @returns something, where the next one may not follow at once */
type Reload = (state: State) => Promise<Settling | void>;

/** One reload at a time: changes that come while one runs go in together with the next, as an operator's controller does it. */
class Reloads {
  private state: State = { serial: 0, revision: 0, other: 0 };
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  private settling: Promise<void> | undefined;
  private readonly revisions: Revisions;

  constructor(
    origin: string,
    private readonly reload: Reload,
  ) {
    this.revisions = new Revisions(origin, seenSerial);
  }

  /** @returns when a reload that has it is in force */
  with(change: Partial<State>): Promise<void> {
    this.state = { ...this.state, ...change };
    this.next ??= this.after(this.running);
    return this.next;
  }

  async settled(): Promise<void> {
    await this.settling;
  }

  close(): void {
    this.revisions.close();
  }

  private async after(running: Promise<void> | undefined): Promise<void> {
    await running;
    await this.settling;
    this.next = undefined;
    this.state = { ...this.state, serial: this.state.serial + 1 };
    this.running = this.put(this.state);
    await this.running;
  }

  private async put(state: State): Promise<void> {
    const settling = await this.reload(state);
    this.settling = settling?.settled;
    await this.revisions.until(state.serial, settling?.again);
  }
}

function changing(url: string, reload: Reload, stop: () => Promise<void>): Changing {
  const reloads = new Reloads(url, reload);
  return {
    url,
    settled: () => reloads.settled(),
    change: (revision) => reloads.with({ revision }),
    changeOther: (other) => reloads.with({ other }),
    stop: () => {
      reloads.close();
      return stop();
    },
  };
}

/**
 * A master process that reads its files again when it gets a signal.
 * @param settledSays what it says when it takes the next one; absent: it always does
 */
function signalled(
  name: string,
  signal: NodeJS.Signals,
  command: (folder: string) => string[],
  write: (folder: string, port: number, upstream: string, routes: number, state: State) => void,
  settledSays?: string,
): ChangingPeer {
  return {
    name: `${name}, ${signal}`,
    missing: () => (isInstalled(name) ? undefined : name),
    warmUpSeconds: WARM_UP_SECONDS,
    async start(routes, upstream): Promise<Changing> {
      const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
      const port = await freePort();
      const put = (state: State): void => write(folder, port, new URL(upstream).host, routes, state);
      put({ serial: 0, revision: 0, other: 0 });
      const running = await ExternalProcess.start('subject', command(folder), port);
      await setTimeout(SETTLED_AFTER_MS);
      return changing(
        running.url,
        async (state) => {
          put(state);
          const settled = settledSays === undefined ? undefined : running.says(settledSays);
          const send = (): void => void process.kill(running.pid, signal);
          send();
          return settled && { settled: Promise.race([settled, setTimeout(SETTLED_LIMIT_MS)]), again: send };
        },
        () => running.stop('SIGTERM').finally(() => rmSync(folder, { recursive: true })),
      );
    },
  };
}

const nginx = signalled(
  'nginx',
  'SIGHUP',
  (folder) => ['nginx', '-c', join(folder, 'nginx.conf'), '-e', 'stderr'],
  (folder, port, upstream, routes, state) => {
    writeFileSync(
      join(folder, 'changing.conf'),
      `location = /bench { return 302 ${location(state)}; } location = /other { return 302 /${state.other}; }`,
    );
    if (state.serial > 0) return;
    // It sorts them by insertion: in order they cost it least. A slash comes before every other character there.
    const paths = Array.from({ length: routes }, (_, index) => ({
      index,
      key: generatedPath(index).replaceAll('/', '\0'),
    }));
    paths.sort((a, b) => (a.key < b.key ? -1 : 1));
    const locations = paths.map(
      ({ index }) => `location ${generatedPath(index)}/ {
  proxy_pass http://answers/; proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_set_header X-Route route-${index}; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;
}`,
    );
    writeFileSync(join(folder, 'routes.conf'), locations.join('\n'));
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr error; user root;
events { worker_connections 10000; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream answers { server ${upstream}; keepalive 256; keepalive_requests 100000000; }
  server { listen 127.0.0.1:${port}; include ${folder}/changing.conf; include ${folder}/routes.conf; }
}`,
    );
  },
);

// All routes have one upstream, so that a map from path to header is the shortest that says the same.
const haproxy = signalled(
  'haproxy',
  'SIGUSR2',
  (folder) => ['haproxy', '-W', '-db', '-f', join(folder, 'haproxy.cfg')],
  (folder, port, upstream, routes, state) => {
    const map = join(folder, 'routes.map');
    if (state.serial === 0) {
      const lines = Array.from({ length: routes }, (_, index) => `${generatedPath(index)}/ route-${index}\n`);
      writeFileSync(map, lines.join(''));
    }
    writeFileSync(
      join(folder, 'haproxy.cfg'),
      `global
  nbthread 1
  maxconn 4000
  stats socket ${folder}/socket level admin expose-fd listeners
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend traffic
  bind 127.0.0.1:${port}
  http-request redirect code 302 location ${location(state)} if { path /bench }
  http-request redirect code 302 location /${state.other} if { path /other }
  http-request return status 404 unless { path,map_beg(${map}) -m found }
  default_backend answers
backend answers
  http-reuse always
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Route %[path,map_beg(${map})]
  http-request replace-path /[^/]+/[^/]+/(.*) /\\1
  server answers ${upstream} maxconn 4000
`,
    );
  },
  // A signal before that is lost.
  'Former worker',
);

const caddy: ChangingPeer = {
  name: 'caddy, POST /load',
  missing: () => (isInstalled('caddy') ? undefined : 'caddy'),
  warmUpSeconds: WARM_UP_SECONDS,
  async start(routes, upstream): Promise<Changing> {
    const folder = mkdtempSync(join(tmpdir(), 'bench-caddy-'));
    const [port, adminPort] = [await freePort(), await freePort()];
    const proxied = Array.from({ length: routes }, (_, index) => ({
      match: [{ path: [`${generatedPath(index)}/*`], method: ['GET', 'POST'] }],
      handle: [
        { handler: 'rewrite', strip_path_prefix: generatedPath(index) },
        {
          handler: 'reverse_proxy',
          upstreams: [{ dial: new URL(upstream).host }],
          headers: { request: { set: { 'X-Route': [`route-${index}`] } } },
        },
      ],
      terminal: true,
    }));
    const redirect = (path: string, to: string): object => ({
      match: [{ path: [path] }],
      handle: [{ handler: 'static_response', status_code: 302, headers: { Location: [to] } }],
      terminal: true,
    });
    const configuration = (state: State): object => ({
      admin: { listen: `127.0.0.1:${adminPort}`, config: { persist: false } },
      logging: { logs: { default: { level: 'ERROR' } } },
      apps: {
        http: {
          servers: {
            traffic: {
              listen: [`127.0.0.1:${port}`],
              automatic_https: { disable: true },
              // It asks one after the other: these are asked first.
              routes: [redirect('/bench', location(state)), redirect('/other', `/${state.other}`), ...proxied],
            },
          },
        },
      },
    });
    const file = join(folder, 'caddy.json');
    writeFileSync(file, JSON.stringify(configuration({ serial: 0, revision: 0, other: 0 })));
    const environment = { GOMAXPROCS: '1', XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    const running = await ExternalProcess.start('subject', ['caddy', 'run', '--config', file], port, environment);
    const admin = new HttpProbe(`http://127.0.0.1:${adminPort}`);
    return changing(
      running.url,
      async (state) => void (await admin.expect('POST', '/load', configuration(state))),
      () => {
        admin.close();
        return running.stop().finally(() => rmSync(folder, { recursive: true }));
      },
    );
  },
};

const springCloudGateway: ChangingPeer = {
  name: 'Spring Cloud Gateway, /refresh',
  missing: SPRING_CLOUD_GATEWAY.missing,
  warmUpSeconds: SPRING_CLOUD_GATEWAY.warmUpSeconds as number,
  async start(routes, upstream): Promise<Changing> {
    const running = await startSpring([], undefined);
    const admins = Array.from({ length: 8 }, () => new HttpProbe(running.url));
    const admin = admins[0] as HttpProbe;
    const put = async (by: HttpProbe, id: string, definition: object): Promise<void> =>
      void (await by.expect('POST', `/actuator/gateway/routes/${id}`, definition));
    const redirect = (path: string, url: string): object => ({
      uri: 'no://op',
      // It asks one after the other: these are asked first.
      order: -1,
      predicates: [{ name: 'Path', args: { pattern: path } }],
      filters: [{ name: 'RedirectTo', args: { status: '302', url } }],
    });
    let next = 0;
    const fill = async (by: HttpProbe): Promise<void> => {
      while (next < routes) {
        const index = next++;
        await put(by, `route-${index}`, {
          uri: upstream,
          predicates: [
            { name: 'Path', args: { pattern: `${generatedPath(index)}/**` } },
            // As its own short form is read: a list in one text would be one method of that name.
            { name: 'Method', args: { _genkey_0: 'GET', _genkey_1: 'POST' } },
          ],
          filters: [
            { name: 'StripPrefix', args: { parts: '2' } },
            { name: 'AddRequestHeader', args: { name: 'X-Route', value: `route-${index}` } },
          ],
        });
      }
    };
    await Promise.all(admins.map(fill));
    return changing(
      running.url,
      async (state) => {
        await put(admin, 'bench', redirect('/bench', location(state)));
        await put(admin, 'other', redirect('/other', `http://other.test/${state.other}`));
        await admin.expect('POST', '/actuator/gateway/refresh');
      },
      () => {
        for (const each of admins) each.close();
        return running.stop();
      },
    );
  },
};

export const RELOADED_PROXIES: readonly ChangingPeer[] = [nginx, haproxy, caddy, springCloudGateway];
