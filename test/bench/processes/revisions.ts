import { setTimeout } from 'node:timers/promises';
import { HttpProbe } from './http-probe.js';

/** Between two looks, in milliseconds: what is changed has the core to itself meanwhile. */
const PAUSE_MS = 1;
const LIMIT_MS = 120_000;
const AGAIN_AFTER_MS = 2_000;

/** Looks at the route whose answer tells which configuration runs. */
export class Revisions {
  private readonly traffic: HttpProbe;

  constructor(
    origin: string,
    private readonly read: (location: string | undefined) => number,
  ) {
    this.traffic = new HttpProbe(origin);
  }

  /**
   * @param again is called every two seconds until it is seen
   * @returns how often it was asked in vain
   */
  async until(revision: number, again?: () => void): Promise<number> {
    const startedMs = performance.now();
    let againMs = startedMs + AGAIN_AFTER_MS;
    for (let vain = 0; ; vain += 1) {
      // A server that reloads may cut a connection; the next one reaches its successor.
      const answer = await this.traffic.send('GET', '/bench').catch(() => undefined);
      if (this.read(answer?.headers.location) === revision) return vain;
      if (again && performance.now() > againMs) {
        again();
        againMs += AGAIN_AFTER_MS;
      }
      if (performance.now() - startedMs > LIMIT_MS) throw new Error(`revision ${revision} is not seen`);
      await setTimeout(PAUSE_MS);
    }
  }

  close(): void {
    this.traffic.close();
  }
}
