import { Injectable, Logger } from '@nestjs/common';
import { WorkerMetrics, type WorkersFacts } from '@tigateway/observability';
import { TrafficWorkers, type WorkerView } from '@tigateway/proxy';
import { WorkerPool } from './worker-pool.js';

/** Shows the workers, and has them replaced: for the admin API, the metrics and whoever sends a signal. */
@Injectable()
export class PoolOfWorkers extends TrafficWorkers {
  private readonly logger = new Logger('Workers');

  constructor(private readonly pool: WorkerPool) {
    super();
    new WorkerMetrics(() => this.facts());
  }

  override get all(): readonly WorkerView[] {
    return this.pool.links.flatMap(({ slot, pid, state, isListening, sinceMs, sequence, live }) => {
      if (state === 'gone') return [];
      const shown = state === 'serving' && !isListening ? 'starting' : state;
      return [{ worker: slot, pid, state: shown, sinceMs, sequence, ...live }];
    });
  }

  override restart(): void {
    this.logger.log('the workers are being replaced');
    this.pool.restart().catch((error: unknown) => this.logger.error((error as Error).message));
  }

  private facts(): WorkersFacts {
    const states = { starting: 0, serving: 0, draining: 0 };
    for (const { state } of this.all) states[state]++;
    return { states, replacements: this.pool.replacements, places: this.pool.places };
  }
}
