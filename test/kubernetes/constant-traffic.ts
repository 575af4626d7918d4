import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';

/** Between two requests, in milliseconds. */
const PAUSE_MS = 5;

/** One request after the other, on one connection, until it is told to stop. */
export class ConstantTraffic {
  /** What was not answered by 200, and why. */
  readonly failures: string[] = [];
  private answered = 0;
  private isStopped = false;
  private readonly client: Client;
  private readonly running: Promise<void>;

  private constructor(
    url: string,
    private readonly path: string,
  ) {
    this.client = new Client(url);
    this.running = this.run();
  }

  static to(url: string, path: string): ConstantTraffic {
    return new ConstantTraffic(url, path);
  }

  /** How many requests were answered by 200. */
  get count(): number {
    return this.answered;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
    await this.client.close();
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      try {
        const { statusCode, body } = await this.client.request({ method: 'GET', path: this.path });
        await body.dump();
        if (statusCode === 200) this.answered++;
        else this.failures.push(String(statusCode));
      } catch (error) {
        this.failures.push((error as Error).message);
      }
      await delay(PAUSE_MS);
    }
  }
}
