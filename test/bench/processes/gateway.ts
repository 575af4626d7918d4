import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pinned } from '../machine.js';
import { type GeneratedRoute, routesDocument } from '../generated-routes.js';
import { freePort } from './external.js';

const MAIN = fileURLToPath(new URL('../../../apps/gateway/src/main.js', import.meta.url));
/** As `npm start` has them. */
const USUAL_FLAGS = flagsOfStart(fileURLToPath(new URL('../../../../package.json', import.meta.url)));
const ROUTES_PER_FILE = 1_000;
/** Each look is answered by the core that the gateway starts on. */
const READY_POLL_MS = 20;
const START_LIMIT_MS = 120_000;

export interface StartTimes {
  /** From the start of the process until its admin server answers, in milliseconds. */
  readonly listeningMs: number;
  /** Until it says that it is ready. */
  readonly readyMs: number;
}

/** The built gateway, alone on its core, with a folder of its own. */
export class BenchGateway {
  private child: ChildProcess | undefined;
  private output = '';

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly managementPort: number,
  ) {}

  /**
   * Prepares a folder with these routes in files; starts nothing.
   * @param server further keys below `server` in the bootstrap file
   * @param tigateway and below `tigateway`
   */
  static async prepare(
    routes: Iterable<GeneratedRoute>,
    server: object = {},
    tigateway: object = {},
  ): Promise<BenchGateway> {
    const folder = mkdtempSync(join(tmpdir(), 'tigateway-bench-'));
    const gateway = new BenchGateway(folder, await freePort(), await freePort());
    mkdirSync(join(folder, 'routes'));
    gateway.writeRoutes(routes);
    const bootstrap = {
      server: { address: '127.0.0.1', port: gateway.port, ...server },
      management: { port: gateway.managementPort },
      tigateway: {
        'data-dir': './data',
        'log-level': 'warn',
        sources: { file: { paths: ['./routes'] } },
        ...tigateway,
      },
    };
    writeFileSync(join(folder, 'tigateway.yml'), JSON.stringify(bootstrap));
    return gateway;
  }

  static async started(routes: Iterable<GeneratedRoute>, flags: readonly string[] = []): Promise<BenchGateway> {
    const gateway = await BenchGateway.prepare(routes);
    await gateway.start(flags);
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.managementPort}`;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('the gateway is not running');
    return this.child.pid;
  }

  /** The address of the inspector, for a gateway that was started with `--inspect`. */
  get inspectorUrl(): string {
    const [url] = /ws:\/\/\S+/.exec(this.output) ?? [];
    if (!url) throw new Error('the gateway was not started with --inspect');
    return url;
  }

  /** Adds or replaces route files, each in one step, as an editor or a deployment would. */
  writeRoutes(routes: Iterable<GeneratedRoute>): void {
    let some: GeneratedRoute[] = [];
    let files = 0;
    const write = (): void => {
      this.writeFile(`routes-${String(files).padStart(4, '0')}.yml`, some);
      files += 1;
      some = [];
    };
    for (const route of routes) if (some.push(route) === ROUTES_PER_FILE) write();
    if (some.length > 0) write();
  }

  /** The same with one file. */
  writeFile(name: string, routes: readonly GeneratedRoute[]): void {
    const file = join(this.folder, 'routes', name);
    writeFileSync(`${file}.new`, routesDocument(routes));
    renameSync(`${file}.new`, file);
  }

  async start(flags: readonly string[] = []): Promise<StartTimes> {
    this.output = '';
    const startedMs = performance.now();
    const [command, ...args] = pinned('subject', [process.execPath, ...USUAL_FLAGS, ...flags, MAIN]);
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], TIGATEWAY_CONFIG: join(this.folder, 'tigateway.yml') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.child = child;
    const listeningMs = (await this.answers('/actuator/health/liveness', startedMs)) - startedMs;
    const readyMs = (await this.answers('/actuator/health/readiness', startedMs)) - startedMs;
    return { listeningMs, readyMs };
  }

  /** Ends the process in order; what it has stored stays in its folder. */
  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** @returns when `path` of the admin server first answered 200 */
  private async answers(path: string, startedMs: number): Promise<number> {
    while (performance.now() - startedMs < START_LIMIT_MS) {
      if (this.child?.exitCode !== null) break;
      const response = await fetch(`${this.adminUrl}${path}`).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.ok) return performance.now();
      await setTimeout(READY_POLL_MS);
    }
    throw new Error(`the gateway did not start:\n${this.output}`);
  }
}

function flagsOfStart(packageFile: string): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly scripts: { readonly start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}
