import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { pinned, type Place } from '../machine.js';

const POLL_MS = 20;
const START_LIMIT_MS = 120_000;

/** Whether a program can be found. */
export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** A program that listens on a port of this machine. */
export class ExternalProcess {
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-10_000)));
    }
  }

  /** @returns once `port` takes connections. @throws Error with what the program said where it ends before that */
  static async start(
    place: Place,
    command: readonly string[],
    port: number,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<ExternalProcess> {
    const [program, ...args] = pinned(place, command);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    const started = new ExternalProcess(child, port);
    const startedMs = performance.now();
    while (!(await isOpen(port))) {
      if (child.exitCode !== null || performance.now() - startedMs > START_LIMIT_MS) {
        await started.stop();
        throw new Error(`${command.join(' ')} did not start:\n${started.output}`);
      }
      await setTimeout(POLL_MS);
    }
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** @returns when it has said `text`, from now on */
  async says(text: string): Promise<void> {
    const streams = [this.child.stdout, this.child.stderr].filter((stream) => stream !== null);
    await new Promise<void>((resolve) => {
      const read = (chunk: Buffer): void => {
        if (!chunk.toString().includes(text)) return;
        for (const stream of streams) stream.off('data', read);
        resolve();
      };
      for (const stream of streams) stream.on('data', read);
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill(signal);
    await once(this.child, 'exit');
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isConnected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isConnected;
}
