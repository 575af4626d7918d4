import { type BucketSettings, RateLimiterBackend, type Verdict } from '@tigateway/proxy';
import type { BucketTake, BucketVerdict } from './worker-messages.js';

/** Buckets that the control process keeps for all workers. What one turn of the event loop asks for is asked together. */
export class ControlBuckets extends RateLimiterBackend {
  private readonly waiting = new Map<number, (verdict: Verdict) => void>();
  private takes: BucketTake[] = [];
  private lastId = 0;

  constructor(private readonly ask: (takes: readonly BucketTake[]) => void) {
    super();
  }

  override take(bucket: string, settings: BucketSettings): Promise<Verdict> {
    return new Promise((resolve) => {
      const id = ++this.lastId;
      this.waiting.set(id, resolve);
      if (this.takes.length === 0) setImmediate(() => this.ask(this.takes.splice(0)));
      this.takes.push([id, bucket, settings]);
    });
  }

  answered(verdicts: readonly BucketVerdict[]): void {
    for (const [id, isAllowed, remaining] of verdicts) {
      this.waiting.get(id)?.({ isAllowed, remaining });
      this.waiting.delete(id);
    }
  }
}
