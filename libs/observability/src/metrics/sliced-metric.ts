/** A metric of so many series that it writes its own text, in slices: prom-client would write it in one go. */
export interface SlicedMetric {
  slicedText(): Promise<string>;
}

export function isSlicedMetric(metric: object): metric is SlicedMetric {
  return 'slicedText' in metric;
}
