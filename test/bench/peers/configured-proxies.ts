import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExternalProcess, freePort, isInstalled } from '../processes/external.js';
import type { Certificate } from '../processes/certificate.js';
import { type Peer, PREFIX, type Subject } from './peer.js';

/** A proxy that reads a configuration file and answers from one process. */
function configured(
  name: string,
  configuration: (of: Wanted) => string,
  command: (file: string) => string[],
  environment?: NodeJS.ProcessEnv,
): Peer {
  return {
    name,
    missing: () => (isInstalled(name) ? undefined : name),
    async start(upstream, certificate): Promise<Subject> {
      const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
      const port = await freePort();
      const file = join(folder, 'configuration');
      writeFileSync(file, configuration({ port, upstream: new URL(upstream).host, folder, certificate }));
      const running = await ExternalProcess.start('subject', command(file), port, environment);
      return {
        pid: running.pid,
        url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}${PREFIX}`,
        stop: () => running.stop().finally(() => rmSync(folder, { recursive: true })),
      };
    },
  };
}

interface Wanted {
  readonly port: number;
  /** Host and port. */
  readonly upstream: string;
  /** For what it writes itself. */
  readonly folder: string;
  readonly certificate: Certificate | undefined;
}

const nginx = configured(
  'nginx',
  ({ port, upstream, folder, certificate }) => `
daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log stderr error;
events { worker_connections 10000; }
http {
  access_log off; keepalive_requests 100000000; client_max_body_size 0;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream answers { server ${upstream}; keepalive 256; keepalive_requests 100000000; }
  map $http_upgrade $connection_header { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port}${certificate ? ` ssl; ssl_certificate ${certificate.certificate}; ssl_certificate_key ${certificate.key}` : ''};
    location ${PREFIX}/ {
      proxy_pass http://answers/; proxy_http_version 1.1; proxy_set_header Connection $connection_header;
      proxy_set_header Upgrade $http_upgrade; proxy_read_timeout 600s;
      proxy_set_header X-Route route-0; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;
      proxy_max_temp_file_size 0;
    }
  }
}`,
  (file) => ['nginx', '-c', file, '-e', 'stderr'],
);

const haproxy = configured(
  'haproxy',
  ({ port, upstream, certificate }) => `
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend traffic
  bind 127.0.0.1:${port}${certificate ? ` ssl crt ${certificate.both}` : ''}
  default_backend answers
backend answers
  http-reuse always
  option forwardfor
  http-request set-header X-Forwarded-Proto ${certificate ? 'https' : 'http'}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Route route-0
  http-request replace-path ${PREFIX}/(.*) /\\1
  server answers ${upstream} maxconn 4000
`,
  (file) => ['haproxy', '-db', '-f', file],
);

const caddy = configured(
  'caddy',
  ({ port, upstream, certificate }) => `
{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
${certificate ? 'https' : 'http'}://127.0.0.1:${port} {
  ${certificate ? `tls ${certificate.certificate} ${certificate.key}` : ''}
  handle_path ${PREFIX}/* {
    reverse_proxy ${upstream} {
      header_up X-Route route-0
    }
  }
}
`,
  (file) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
  { GOMAXPROCS: '1', XDG_DATA_HOME: tmpdir(), XDG_CONFIG_HOME: tmpdir() },
);

export const CONFIGURED_PROXIES: readonly Peer[] = [haproxy, nginx, caddy];
