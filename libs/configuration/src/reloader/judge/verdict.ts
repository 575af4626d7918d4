import type { TrafficCount } from '@tigateway/routing';

/** What is known of the requests on what a change changed, and of those beside it. */
export interface Evidence {
  /** On the changed routes, since the change. */
  readonly after: TrafficCount;
  /** On the same routes, in an equal time before it; no requests: nothing failed. */
  readonly before: TrafficCount;
  /** On the routes that did not change, in the time of `after`; no requests: there is nothing to compare with. */
  readonly others: TrafficCount;
}

export interface Rule {
  /** Share of failed requests, 0 to 1. */
  readonly threshold: number;
  readonly minRequests: number;
}

/**
 * Whether the change is to blame: more fails than the threshold allows, more than before, and more than elsewhere. "More" is by
 * more than half the threshold, so that noise is not taken for it.
 */
export function isToBlame({ after, before, others }: Evidence, { threshold, minRequests }: Rule): boolean {
  if (after.requests < minRequests) return false;
  const share = shareOf(after);
  const clearly = threshold / 2;
  if (share <= threshold || share <= shareOf(before) + clearly) return false;
  return others.requests < minRequests || share > shareOf(others) + clearly;
}

/**
 * Whether a sample that is looked at again and again is over the threshold by more than chance makes it: two standard
 * deviations of its share.
 */
export function isBeyondChance(sample: TrafficCount, { threshold }: Rule): boolean {
  const share = shareOf(sample);
  return share - 2 * Math.sqrt((share * (1 - share)) / Math.max(1, sample.requests)) > threshold;
}

/** Of the two, the one that speaks more for an outage that has nothing to do with the change. */
export function worse(a: TrafficCount, b: TrafficCount, { minRequests }: Rule): TrafficCount {
  if (b.requests < minRequests) return a;
  return a.requests < minRequests || shareOf(b) > shareOf(a) ? b : a;
}

export function shareOf({ requests, failures }: TrafficCount): number {
  return requests === 0 ? 0 : failures / requests;
}

/** The numbers that decided, for history, event and log. */
export function describeEvidence({ after, before, others }: Evidence): string {
  const text = (count: TrafficCount): string =>
    count.requests === 0
      ? 'no requests'
      : `${count.failures} of ${count.requests} failed (${Math.round(1_000 * shareOf(count)) / 10} %)`;
  return `after the change ${text(after)}; before it ${text(before)}; on other routes ${text(others)}`;
}
