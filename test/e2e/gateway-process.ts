import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../dist/apps/gateway/src/main.js');

export interface GatewayProcessOptions {
  /** Bootstrap keys below their top-level key, in JSON; ports, addresses and the data folder are set here. */
  readonly server?: object;
  readonly management?: object;
  readonly tigateway?: Readonly<Record<string, unknown>> | ((gateway: GatewayProcess) => object);
  /** Documents of the file source by name, written before the start. */
  readonly routes?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that runs the process in its place, which it gets as further arguments: `['nice']`. */
  readonly launcher?: readonly string[];
}

export type Engine = 'native' | 'node';

/** What specs of traffic run on: both, or the one that `TIGATEWAY_TEST_ENGINE` names. */
export const ENGINES = (['native', 'node'] as const satisfies Engine[]).filter(
  (engine) => engine === (process.env['TIGATEWAY_TEST_ENGINE'] || engine),
);

/** The built gateway as a real process, with a folder and ports of its own. Needs `npm run build`, as `npm test` does. */
export class GatewayProcess {
  private child: ChildProcess | undefined;
  private text = '';

  private constructor(
    readonly folder: string,
    readonly port: number,
    readonly managementPort: number,
    private readonly environment: Readonly<Record<string, string>>,
    /** Of the next start. */
    public launcher: readonly string[],
  ) {}

  /** Prepares folder and bootstrap file; starts nothing yet. */
  static async prepare(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
    const [port, managementPort] = await freePorts();
    const gateway = new GatewayProcess(folder, port, managementPort, options.environment ?? {}, options.launcher ?? []);
    mkdirSync(join(folder, 'routes'));
    const { tigateway = {} } = options;
    const bootstrap = {
      server: { address: '127.0.0.1', port, ...options.server },
      management: { port: managementPort, ...options.management },
      tigateway: typeof tigateway === 'function' ? tigateway(gateway) : tigateway,
    };
    writeFileSync(join(folder, 'tigateway.yml'), JSON.stringify(bootstrap));
    for (const [name, content] of Object.entries(options.routes ?? {})) gateway.writeRoutes(name, content);
    return gateway;
  }

  /** `prepare` and `start`. */
  static async started(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.prepare(options);
    await gateway.start();
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.managementPort}`;
  }

  /** Everything that the process has written so far, both streams. */
  get output(): string {
    return this.text;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('the gateway is not running');
    return this.child.pid;
  }

  /** The place of one document of the file source, or of its whole folder. */
  routesPath(name = ''): string {
    return join(this.folder, 'routes', name);
  }

  /** Writes one document of the file source. */
  writeRoutes(name: string, content: string): void {
    const file = this.routesPath(name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** Starts the process. @throws Error with its output where it ends before it is ready */
  async start(): Promise<void> {
    const child = this.launch();
    const gone = once(child, 'close').then(([code]) => {
      throw new Error(`the gateway ended with ${code} before it was ready:\n${this.text}`);
    });
    await Promise.race([this.readiness(), gone]);
    gone.catch(() => undefined);
  }

  /** Starts the process and waits for its end, for starts that must fail. @returns the exit code */
  async run(): Promise<number | null> {
    const [code] = (await once(this.launch(), 'close')) as [number | null];
    return code;
  }

  /** @returns the exit code, `null` where a signal ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    return (await ended)[0];
  }

  /** Kills what still runs and removes the folder. */
  async dispose(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private launch(): ChildProcess {
    this.text = '';
    const [command = process.execPath, ...args] = [...this.launcher, process.execPath, MAIN];
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], TIGATEWAY_CONFIG: join(this.folder, 'tigateway.yml'), ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.child = child;
    return child;
  }

  private async readiness(): Promise<void> {
    while (this.child?.exitCode === null) {
      const response = await fetch(`${this.adminUrl}/actuator/health/readiness`).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.ok) return;
      await new Promise((resolveTick) => setTimeout(resolveTick, 25));
    }
  }
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as { port: number }).port;
    }),
  );
  for (const server of servers) server.close();
  return ports as [number, number];
}
