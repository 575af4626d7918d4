import type { EventRecord } from '@tigateway/model';
import type { EventHistory } from './event-history.js';

/** Events read from the history at once. */
const PAGE = 500;

/** Events after the place where a listener was are no longer kept, or that place itself has not happened yet. */
export class ReplayGapError extends Error {}

/**
 * What happened after `since`, oldest first, up to now.
 * @throws ReplayGapError
 */
export async function* eventsAfter(history: EventHistory, since: number): AsyncGenerator<EventRecord, void> {
  let page = await firstPage(history, since);
  while (page.length > 0) {
    yield* page;
    page = (await history.eventsSince((page.at(-1) as EventRecord).sequence, PAGE)) ?? missing();
  }
}

async function firstPage(history: EventHistory, since: number): Promise<readonly EventRecord[]> {
  if (since === 0) return (await history.eventsSince(0, PAGE)) ?? missing();
  // With the event that the listener had last: if it is not there, neither is what came after it.
  const page = await history.eventsSince(since - 1, PAGE);
  return page?.[0]?.sequence === since ? page.slice(1) : missing();
}

function missing(): never {
  throw new ReplayGapError();
}
