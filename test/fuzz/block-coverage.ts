import { type Profiler, Session } from 'node:inspector/promises';

/** Which parts of some source files have run, by V8's own counters. */
export class BlockCoverage {
  /** By file: 1 for each offset that has run. */
  private readonly covered = new Map<string, Uint8Array>();
  private readonly session = new Session();

  /** @param isWatched tells the files by their URLs */
  constructor(private readonly isWatched: (url: string) => boolean) {}

  async start(): Promise<void> {
    this.session.connect();
    await this.session.post('Profiler.enable');
    await this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  async stop(): Promise<void> {
    await this.session.post('Profiler.stopPreciseCoverage');
    this.session.disconnect();
  }

  /**
   * Counts the offsets that ran since the last call and never before.
   * @param remember false: they count as new the next time too
   */
  async countNew(remember: boolean): Promise<number> {
    const { result } = await this.session.post('Profiler.takePreciseCoverage');
    let found = 0;
    for (const script of result) if (this.isWatched(script.url)) found += this.count(script, remember);
    return found;
  }

  private count(script: Profiler.ScriptCoverage, remember: boolean): number {
    const ranges = script.functions.flatMap(({ ranges }) => ranges);
    const size = Math.max(...ranges.map(({ endOffset }) => endOffset));
    const ran = new Uint8Array(size);
    // Inner ranges come after the ones around them and say more.
    for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    const known = this.covered.get(script.url) ?? new Uint8Array(size);
    if (remember) this.covered.set(script.url, known);
    let found = 0;
    for (let at = 0; at < size; at++) {
      if (ran[at] === 0 || known[at] === 1) continue;
      found++;
      if (remember) known[at] = 1;
    }
    return found;
  }
}
