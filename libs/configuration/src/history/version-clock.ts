import { Clock } from '@tigateway/model';
import { Injectable } from '@nestjs/common';
import { versionName } from './version-name.js';

/** Mints version names. A name is never given twice and always greater than the one before, whatever the clock does. */
@Injectable()
export class VersionClock {
  private lastMs = 0;

  constructor(private readonly clock: Clock) {}

  /** Nothing minted from now on is older than or equal to `lastVersionMs`, in milliseconds since the epoch. */
  seed(lastVersionMs: number): void {
    this.lastMs = Math.max(this.lastMs, lastVersionMs);
  }

  mint(): string {
    this.lastMs = Math.max(Math.floor(this.clock.now()), this.lastMs + 1);
    return versionName(this.lastMs);
  }
}
