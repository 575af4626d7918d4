import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { deadPort } from './scripted-upstream.js';

/**
 * Why tests that need Redis cannot run here; `undefined` where they can. Where `REQUIRE_SERVERS` is set, as in the CI, a missing
 * server is an error.
 */
export function withoutRedis(): string | undefined {
  if (spawnSync('redis-server', ['--version']).error === undefined) return undefined;
  const reason = 'redis-server is not on the PATH: run test/setup/redis';
  if (process.env['REQUIRE_SERVERS']) throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

/** A real Redis of a test's own, which keeps nothing on disk. */
export class RedisServer {
  private process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await deadPort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const args = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--daemonize',
      'no',
    ];
    const started = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.process = started;
    let text = '';
    await new Promise<void>((resolve, reject) => {
      started.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('Ready to accept connections')) resolve();
      });
      started.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${text}`)));
    });
  }

  /** Connections stay, answers do not come. */
  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const { process: running } = this;
    this.process = undefined;
    if (running === undefined) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  }
}
