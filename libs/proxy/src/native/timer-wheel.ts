/** Something that happens late. It belongs to at most one wheel, at most once at a time. */
export abstract class Deadline {
  /** @internal neighbours in a slot's ring; `undefined` while not scheduled */
  next: Deadline | undefined;
  previous: Deadline | undefined;
  /** @internal the tick that it is due at */
  dueTick = 0;

  get isScheduled(): boolean {
    return this.next !== undefined;
  }

  abstract onDeadline(): void;
}

/** The head of a ring. */
class Slot extends Deadline {
  constructor() {
    super();
    this.next = this;
    this.previous = this;
  }

  override onDeadline(): void {
    throw new Error('a slot is never due');
  }
}

/** A power of two. */
const SLOTS = 512;
/** How long those that are due may hold the event loop before others get their turn. */
const SLICE_MS = 1;

/**
 * Many deadlines on one timer. Setting, moving and clearing one costs a few pointers, which is what every request does, and
 * almost none is ever reached. Deadlines are never early and at most one tick late. The timer only runs while there is a
 * deadline and does not keep the process alive.
 */
export class TimerWheel {
  private readonly slots: Slot[] = [];
  /** The last tick that was looked at. */
  private tick = 0;
  private size = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param monotonicMs milliseconds on a scale that never steps */
  constructor(
    private readonly tickMs: number,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    for (let index = 0; index < SLOTS; index++) this.slots.push(new Slot());
  }

  /** Calls `deadline.onDeadline` once, after `delayMs`; moves it where it is scheduled already. */
  schedule(deadline: Deadline, delayMs: number): void {
    this.cancel(deadline);
    const now = this.monotonicMs();
    if (this.timer === undefined) this.start(now);
    this.size++;
    deadline.dueTick = Math.max(this.tick + 1, Math.ceil((now + delayMs) / this.tickMs));
    const slot = this.slots[deadline.dueTick % SLOTS] as Slot;
    const last = slot.previous as Deadline;
    deadline.next = slot;
    deadline.previous = last;
    last.next = deadline;
    slot.previous = deadline;
  }

  /** Without effect where it is not scheduled. */
  cancel(deadline: Deadline): void {
    const { next, previous } = deadline;
    if (next === undefined || previous === undefined) return;
    previous.next = next;
    next.previous = previous;
    deadline.next = undefined;
    deadline.previous = undefined;
    this.size--;
  }

  /**
   * Calls what is due, as much of it at once as fits into a slice: thousands of connections may run out together. The wheel's
   * own timer does so with every tick.
   */
  advance(): void {
    const target = Math.floor(this.monotonicMs() / this.tickMs);
    // After a long stall every slot is looked at once, not once per missed tick.
    const first = Math.max(this.tick + 1, target - SLOTS + 1);
    this.tick = Math.max(this.tick, target);
    const due: Deadline[] = [];
    for (let tick = first; tick <= target; tick++) this.gatherDue(this.slots[tick % SLOTS] as Slot, due);
    this.call(due);
    if (this.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private call(due: readonly Deadline[], from = 0): void {
    const startedMs = this.monotonicMs();
    for (let at = from; at < due.length; at++) {
      if (this.monotonicMs() - startedMs >= SLICE_MS) {
        setImmediate(() => this.call(due, at));
        return;
      }
      const deadline = due[at] as Deadline;
      // One that was called before may have cancelled or moved it.
      if (!deadline.isScheduled || deadline.dueTick > this.tick) continue;
      this.cancel(deadline);
      deadline.onDeadline();
    }
  }

  private gatherDue(slot: Slot, due: Deadline[]): void {
    for (let deadline = slot.next; deadline !== slot && deadline !== undefined; deadline = deadline.next) {
      if (deadline.dueTick <= this.tick) due.push(deadline);
    }
  }

  private start(now: number): void {
    this.tick = Math.floor(now / this.tickMs);
    this.timer = setInterval(() => this.advance(), this.tickMs);
    this.timer.unref();
  }
}
