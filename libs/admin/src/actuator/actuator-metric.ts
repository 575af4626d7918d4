import type { MetricObjectWithValues, MetricValue } from 'prom-client';

export interface Tag {
  readonly name: string;
  readonly value: string;
}

/** A metric as Spring Boot's actuator shows one. */
export interface ActuatorMetric {
  readonly name: string;
  readonly description: string;
  readonly baseUnit: string | null;
  readonly measurements: readonly { readonly statistic: string; readonly value: number }[];
  /** Tags by which the series found can be told apart further. */
  readonly availableTags: readonly { readonly tag: string; readonly values: readonly string[] }[];
}

type Series = MetricValue<string> & { readonly metricName?: string };

/** `tigateway_configuration_updates_total` as Spring writes it: with dots. */
export function dottedName(name: string): string {
  return name.replaceAll('_', '.');
}

/**
 * Adds up the series that hold all of `tags`.
 * @returns `undefined` where tags are asked for that no series holds
 */
export function measured(
  metric: MetricObjectWithValues<MetricValue<string>>,
  tags: readonly Tag[],
): ActuatorMetric | undefined {
  const series = (metric.values as readonly Series[]).filter(({ labels }) =>
    tags.every(({ name, value }) => String(labels[name]) === value),
  );
  if (series.length === 0 && tags.length > 0) return undefined;
  const unit = baseUnitOf(metric.name);
  return {
    name: dottedName(metric.name),
    description: metric.help,
    baseUnit: unit,
    measurements: measurementsOf(metric, series, unit),
    availableTags: tagsOf(series, new Set(tags.map(({ name }) => name))),
  };
}

function measurementsOf(
  { name, type }: MetricObjectWithValues<MetricValue<string>>,
  series: readonly Series[],
  unit: string | null,
): ActuatorMetric['measurements'] {
  const sumOf = (suffix: string) =>
    series.reduce((sum, { metricName, value }) => (metricName === name + suffix ? sum + value : sum), 0);
  // prom-client declares the type as an enum of numbers and gives the text.
  switch (String(type)) {
    case 'histogram':
    case 'summary':
      return [
        { statistic: 'COUNT', value: sumOf('_count') },
        { statistic: unit === 'seconds' ? 'TOTAL_TIME' : 'TOTAL', value: sumOf('_sum') },
      ];
    case 'counter':
      return [{ statistic: 'COUNT', value: total(series) }];
    default:
      return measuredValue(total(series));
  }
}

/** A gauge that nothing was measured for yet is NaN to prom-client, and would be null in JSON. */
function measuredValue(value: number): ActuatorMetric['measurements'] {
  return Number.isFinite(value) ? [{ statistic: 'VALUE', value }] : [];
}

function total(series: readonly Series[]): number {
  return series.reduce((sum, { value }) => sum + value, 0);
}

function tagsOf(series: readonly Series[], asked: ReadonlySet<string>): ActuatorMetric['availableTags'] {
  const values = new Map<string, Set<string>>();
  for (const { labels, metricName } of series) {
    for (const [name, value] of Object.entries(labels)) {
      // A histogram's buckets and a summary's quantiles are parts of one series.
      if (asked.has(name) || (metricName !== undefined && (name === 'le' || name === 'quantile'))) continue;
      values.set(name, (values.get(name) ?? new Set()).add(String(value)));
    }
  }
  return [...values].map(([tag, seen]) => ({ tag, values: [...seen].sort() }));
}

function baseUnitOf(name: string): string | null {
  return /_(seconds|bytes)(_total)?$/.exec(name)?.[1] ?? null;
}
