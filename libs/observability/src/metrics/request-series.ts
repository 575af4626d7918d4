import { statusName } from '@tigateway/model';

/** Upper bounds in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

export type Labels = Readonly<Record<string, string>>;

export interface SeriesValue {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/** Requests of one series, as one process tells another of them. */
export interface RecordedRequests {
  readonly routeId: string;
  readonly method: string;
  /** 0 where the client left before there was one. */
  readonly status: number;
  /** Per bucket, not summed up. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

/** The requests of one route, method and status: one histogram. */
export class RequestSeries {
  private readonly labels: Labels;
  /** Requests per bucket, not yet summed up; the last one is beyond every bound. */
  private readonly counts = Array.from({ length: BUCKETS.length + 1 }, () => 0);
  private sumSeconds = 0;

  /** @param status 0 where the client left before there was one */
  constructor(
    private readonly routeId: string,
    private readonly method: string,
    private readonly status: number,
  ) {
    this.labels = {
      routeId,
      outcome: OUTCOMES[Math.floor(status / 100)] ?? 'UNKNOWN',
      status: status === 0 ? 'CLIENT_CLOSED' : statusName(status),
      httpMethod: method,
    };
  }

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket++;
    (this.counts[bucket] as number)++;
    this.sumSeconds += seconds;
  }

  get recorded(): RecordedRequests {
    const { routeId, method, status, counts, sumSeconds } = this;
    return { routeId, method, status, counts, sumSeconds };
  }

  add({ counts, sumSeconds }: RecordedRequests): void {
    for (const [bucket, count] of counts.entries()) (this.counts[bucket] as number) += count;
    this.sumSeconds += sumSeconds;
  }

  /** As prom-client hands values over. */
  values(name: string, common: Labels): SeriesValue[] {
    const labels = { ...this.labels, ...common };
    const bucket = (le: string | number, value: number) => ({
      metricName: `${name}_bucket`,
      labels: { le, ...labels },
      value,
    });
    const buckets = this.cumulative().map((count, index) => bucket(BUCKETS[index] ?? '+Inf', count));
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.sumSeconds },
      { metricName: `${name}_count`, labels, value: buckets.at(-1)?.value ?? 0 },
    ];
  }

  /** As Prometheus reads them: one line a value. */
  text(name: string, common: Labels): string {
    const labels = Object.entries({ ...this.labels, ...common })
      .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
      .join(',');
    const counts = this.cumulative();
    const buckets = counts.map((count, at) => `${name}_bucket{le="${BUCKETS[at] ?? '+Inf'}",${labels}} ${count}\n`);
    return `${buckets.join('')}${name}_sum{${labels}} ${this.sumSeconds}\n${name}_count{${labels}} ${counts.at(-1)}\n`;
  }

  private cumulative(): number[] {
    let sum = 0;
    return this.counts.map((count) => (sum += count));
  }
}

/** By the status's first digit: Spring's names of the series. */
const OUTCOMES = ['UNKNOWN', 'INFORMATIONAL', 'SUCCESSFUL', 'REDIRECTION', 'CLIENT_ERROR', 'SERVER_ERROR'] as const;

export function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
