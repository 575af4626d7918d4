import { Logger } from '@nestjs/common';
import { forEachSliced, keyText, StoreAheadError } from '@tigateway/model';
import type { PipelineState, Staged } from './pipeline-state.js';

/** Thinks one change through, on the state that it finds. Throws what is wrong with it; has no effect. */
export type Stage<Result> = (state: PipelineState) => Promise<Staged<Result>>;

interface Waiting {
  readonly stage: Stage<unknown>;
  readonly succeed: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
  /** Failed together with others: tried once more by itself, so that it fails for its own reason only. */
  isAlone: boolean;
}

/** How many changes go in together at most, so that the first of a burst is not kept waiting by all the others. */
const ROUND_LIMIT = 256;

/**
 * The single writer. The first change goes in at once; what comes while it is applied waits and goes in together, one compile,
 * one commit and one swap for all, each with its own version and its own answer.
 */
export class ChangeQueue {
  private readonly logger = new Logger('Configuration');
  private readonly waiting: Waiting[] = [];
  /** What others have committed already. */
  private readonly foreign: Waiting[] = [];
  private running: Promise<void> | undefined;

  /**
   * @param apply compiles, commits and swaps a round; what it throws, nothing of the round has happened
   * @param applied told once a round is in force, before the next begins; cannot fail a change that has happened
   */
  constructor(
    private current: PipelineState,
    private readonly apply: (round: readonly Staged[]) => Promise<void>,
    private readonly applied: (round: readonly Staged[]) => Promise<void> = () => Promise.resolve(),
  ) {}

  get state(): PipelineState {
    return this.current;
  }

  enqueue<Result>(stage: Stage<Result>): Promise<Result> {
    return this.add(this.waiting, stage);
  }

  /** What has happened elsewhere already: it goes in before all that waits. */
  enqueueForeign<Result>(stage: Stage<Result>): Promise<Result> {
    return this.add(this.foreign, stage);
  }

  /** Settles when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  private add<Result>(waiting: Waiting[], stage: Stage<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      waiting.push({ stage, succeed: resolve as (result: unknown) => void, fail: reject, isAlone: false });
      this.running ??= this.drain();
    });
  }

  private async drain(): Promise<void> {
    for (;;) {
      const waiting = this.foreign.length > 0 ? this.foreign : this.waiting;
      if (waiting.length === 0) break;
      const round = await this.gather(waiting);
      if (round.length === 0) continue;
      const changes = round.map(({ staged }) => staged);
      try {
        await this.apply(changes);
      } catch (error) {
        const items = round.map(({ item }) => item);
        if (error instanceof StoreAheadError) waiting.unshift(...items);
        else if (items.length === 1) (items[0] as Waiting).fail(error);
        else waiting.unshift(...items.map((item) => Object.assign(item, { isAlone: true })));
        continue;
      }
      this.current = (round.at(-1) as Ready).staged.state;
      for (const { item, staged } of round) item.succeed(staged.result);
      await this.applied(changes).catch((error: unknown) => {
        this.logger.error(
          `a change is in force and was not told of everywhere: ${String(error)}`,
          (error as Error)?.stack,
        );
      });
    }
    this.running = undefined;
  }

  /** Takes from the queue what can go in together: each on the state that those before it leave, no key twice. */
  private async gather(waiting: Waiting[]): Promise<Ready[]> {
    const round: Ready[] = [];
    /** Of all in the round but the last: one that stays alone need not be looked through. */
    const keys = new Set<string>();
    let state = this.current;
    while (waiting.length > 0 && round.length < ROUND_LIMIT) {
      const item = waiting[0] as Waiting;
      if (item.isAlone && round.length > 0) break;
      let staged: Staged;
      try {
        staged = await item.stage(state);
      } catch (error) {
        waiting.shift();
        item.fail(error);
        continue;
      }
      const last = round.at(-1)?.staged;
      if (last !== undefined) {
        await forEachSliced(keysOf(last), (key) => keys.add(key));
        let isFree = true;
        await forEachSliced(keysOf(staged), (key) => (isFree &&= !keys.has(key)));
        if (!isFree) break;
      }
      waiting.shift();
      round.push({ item, staged });
      state = staged.state;
      if (item.isAlone) break;
    }
    return round;
  }
}

/** What may be in a round once: configurations, and changes that wait. */
function* keysOf({ changes, versions, commit }: Staged): Generator<string> {
  for (const change of changes) yield keyText(change);
  for (const version of versions) yield keyText(version);
  for (const hold of [...(commit.putHolds ?? []), ...(commit.removeHolds ?? [])]) yield keyText(hold);
  for (const { id } of commit.putPending ?? []) yield id;
  yield* commit.removePending ?? [];
}

interface Ready {
  readonly item: Waiting;
  readonly staged: Staged;
}
