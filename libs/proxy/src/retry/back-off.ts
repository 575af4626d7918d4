/** How long to wait before each retry. Times in milliseconds. */
export interface BackOffSettings {
  readonly firstMs: number;
  readonly maxMs: number | undefined;
  readonly factor: number;
  /** True: each delay grows from the one before, its jitter included; false: from the first. */
  readonly basedOnPrevious: boolean;
  /** A delay moves by up to this share of itself, within first and max. 0 for none. */
  readonly jitter: number;
}

/** The delays of one request, one after the other. */
export class BackOff {
  private retries = 0;
  private previousMs = 0;

  constructor(
    private readonly settings: BackOffSettings,
    /** In [0, 1). */
    private readonly random: () => number,
  ) {}

  next(): number {
    const { firstMs, maxMs = Infinity, factor, basedOnPrevious, jitter } = this.settings;
    const grown = basedOnPrevious
      ? Math.max(firstMs, this.previousMs * factor)
      : firstMs * Math.pow(factor, this.retries);
    const delayMs = Math.min(grown, maxMs);
    const moved = delayMs + (this.random() * 2 - 1) * jitter * delayMs;
    this.retries++;
    this.previousMs = Math.round(Math.min(Math.max(moved, firstMs), maxMs));
    return this.previousMs;
  }
}
