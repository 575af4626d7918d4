import { Injectable } from '@nestjs/common';
import { type Clock, InstantMs } from '@tigateway/model';
import { type CompileContext, ComponentError, type Shortcut } from '../compiler/component.js';
import { instantText } from './instant-text.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class BetweenArgs {
  @InstantMs({ key: 'datetime1', about: 'The start, itself not included.' })
  startMs!: number;

  @InstantMs({ key: 'datetime2', about: 'The end, itself not included; later than the start.' })
  endMs!: number;
}

@Injectable()
export class BetweenPredicateFactory implements PredicateFactory<BetweenArgs> {
  readonly name = 'Between';
  readonly args = BetweenArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['datetime1', 'datetime2'] };
  readonly isShared = true;
  readonly about = 'The request comes between two date-times.';
  readonly example = 'Between=2030-01-20T17:42:47Z,2030-01-21T17:42:47Z';

  compile({ startMs, endMs }: BetweenArgs, { clock }: CompileContext): RoutePredicate {
    if (startMs >= endMs) {
      const [start, end] = [instantText(startMs), instantText(endMs)];
      throw new ComponentError('datetime1', `datetime1 (${start}) must be before datetime2 (${end})`);
    }
    return new BetweenPredicate(startMs, endMs, clock);
  }
}

class BetweenPredicate implements RoutePredicate {
  constructor(
    private readonly startMs: number,
    private readonly endMs: number,
    private readonly clock: Clock,
  ) {}

  matches(): boolean {
    const now = this.clock.now();
    return this.startMs < now && now < this.endMs;
  }

  toString(): string {
    return `Between: ${instantText(this.startMs)} and ${instantText(this.endMs)}`;
  }
}
