import { registerAsked, type Sample } from './asked-metric.js';

/** The processes that serve traffic, as the metrics show them. */
export interface WorkersFacts {
  /** How many are in which state. */
  readonly states: Readonly<Record<string, number>>;
  /** Times that one took the place of another that had ended by itself. */
  readonly replacements: number;
  readonly places: readonly WorkerPlaceFacts[];
}

/** The place of a worker, whichever process has it. */
export interface WorkerPlaceFacts {
  readonly worker: number;
  /** Of all that have had the place. */
  readonly cpuSeconds: number;
  /** Of those that have it. */
  readonly residentBytes: number;
}

/** Shows the processes that serve traffic. Made where there are any. */
export class WorkerMetrics {
  /** @param source asked at every scrape */
  constructor(source: () => WorkersFacts) {
    const places = (value: (facts: WorkerPlaceFacts) => number) => (facts: WorkersFacts) =>
      facts.places.map((each): Sample => ({ labels: { worker: String(each.worker) }, value: value(each) }));
    const ask = (): readonly WorkersFacts[] => [source()];
    registerAsked<WorkersFacts>(
      {
        name: 'tigateway_workers',
        type: 'gauge',
        help: 'Processes that serve traffic, or are about to begin or end',
        samples: ({ states }) => Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
      },
      ask,
    );
    registerAsked<WorkersFacts>(
      {
        name: 'tigateway_worker_replacements_total',
        type: 'counter',
        help: 'Workers that took the place of one that had ended by itself',
        samples: ({ replacements }) => [{ labels: {}, value: replacements }],
      },
      ask,
    );
    registerAsked<WorkersFacts>(
      {
        name: 'tigateway_worker_cpu_seconds_total',
        type: 'counter',
        help: 'CPU time of the workers of one place',
        samples: places(({ cpuSeconds }) => cpuSeconds),
      },
      ask,
    );
    registerAsked<WorkersFacts>(
      {
        name: 'tigateway_worker_resident_memory_bytes',
        type: 'gauge',
        help: 'Memory of a worker that is in RAM',
        samples: places(({ residentBytes }) => residentBytes),
      },
      ask,
    );
  }
}
