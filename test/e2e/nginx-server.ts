import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Why tests that need nginx cannot run here; `undefined` where they can. Where `REQUIRE_SERVERS` is set, as in the CI, a missing
 * server is an error.
 */
export function withoutNginx(): string | undefined {
  if (spawnSync('nginx', ['-v']).error === undefined) return undefined;
  const reason = 'nginx is not on the PATH: run test/setup/nginx';
  if (process.env['REQUIRE_SERVERS']) throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

/** A real nginx that answers each request with its target, and writes down what it took for a request. */
export class NginxServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async started(port: number): Promise<NginxServer> {
    const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'nginx.conf'), configuration(port));
    const child = spawn(
      'nginx',
      ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'logs/error.log')],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const nginx = new NginxServer(port, folder, child);
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    }
    return nginx;
  }

  /** Method and target of every request so far that has been answered. */
  get requests(): readonly string[] {
    return readFileSync(join(this.folder, 'logs/access.log'), 'utf8').split('\n').slice(0, -1);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
    rmSync(this.folder, { recursive: true });
  }
}

function configuration(port: number): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 256; }
http {
  log_format heard '$request_method $request_uri';
  access_log logs/access.log heard;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_timeout 60s;
  server {
    listen 127.0.0.1:${port};
    location / { default_type text/plain; return 200 "nginx $request_uri"; }
  }
}
`;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return false;
  } finally {
    socket.destroy();
  }
}
