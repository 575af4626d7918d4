import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExternalProcess, freePort } from './external.js';

/** A server that answers 200 and little else. */
export interface Upstream {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * nginx with a small answer at every path that ends in `/item` and bodies of so many bytes at `/<size>`: it costs the core that it shares with the load as
 * little as can be had.
 */
export async function startUpstream(sizes: readonly number[] = []): Promise<Upstream> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-upstream-'));
  const port = await freePort();
  for (const size of sizes) writeFileSync(join(folder, String(size)), Buffer.alloc(size, 'x'));
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log stderr error; user root;
events { worker_connections 10000; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server {
    listen 127.0.0.1:${port};
    location ~ /item$ { default_type application/json; return 200 '{"answer":"upstream"}'; }
    location / { root ${folder}; default_type application/octet-stream; }
  }
}`,
  );
  const running = await ExternalProcess.start('load', ['nginx', '-c', file, '-e', 'stderr'], port);
  return {
    url: running.url,
    stop: () => running.stop().finally(() => rmSync(folder, { recursive: true })),
  };
}
