import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Place, pinned } from '../machine.js';

/** Runs a program of this folder on its core and reads the one line of JSON that it says. */
export class BenchChild {
  private constructor(private readonly process: ChildProcess) {}

  static async start<T>(place: Place, script: URL, argument: object): Promise<{ child: BenchChild; said: T }> {
    const [command, ...args] = pinned(place, [process.execPath, script.pathname, JSON.stringify(argument)]);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await Promise.race([
      once(createInterface({ input: child.stdout }), 'line'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`${script.pathname} ended with ${code} and said nothing`);
      }),
    ])) as [string];
    return { child: new BenchChild(child), said: JSON.parse(line) as T };
  }

  /** For a program that ends when it has said what it has to say. */
  static async result<T>(place: Place, script: URL, argument: object): Promise<T> {
    const { child, said } = await BenchChild.start<T>(place, script, argument);
    await child.ended();
    return said;
  }

  async stop(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }

  private async ended(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
  }
}
