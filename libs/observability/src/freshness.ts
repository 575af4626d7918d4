import { Global, Injectable, Module } from '@nestjs/common';

/** Who has to be asked before what they know is read: processes that count for themselves. */
@Injectable()
export class Freshness {
  private readonly asks: (() => Promise<void>)[] = [];

  /** @param ask settles when what others know is known here, or they did not answer in time; never rejects */
  follow(ask: () => Promise<void>): void {
    this.asks.push(ask);
  }

  /** Before metrics, or a health that tells numbers, are read. */
  async refresh(): Promise<void> {
    await Promise.all(this.asks.map((ask) => ask()));
  }
}

/** Global: the controller of the metrics belongs to a module that imports nothing of ours. */
@Global()
@Module({ providers: [Freshness], exports: [Freshness] })
export class FreshnessModule {}
