export interface BackOffOptions {
  /** The first delay, in milliseconds; each is double the one before. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Delays that grow, each cut by up to a half at random: many who lost the same server do not come back together. */
export class BackOff {
  private nextMs: number;

  constructor(private readonly options: BackOffOptions) {
    this.nextMs = options.firstMs;
  }

  next(): number {
    const delayMs = this.nextMs;
    this.nextMs = Math.min(this.nextMs * 2, this.options.maxMs);
    return delayMs * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.nextMs = this.options.firstMs;
  }
}
