import { Injectable } from '@nestjs/common';
import { type Clock, InstantMs } from '@tigateway/model';
import type { CompileContext, Shortcut } from '../compiler/component.js';
import { instantText } from './instant-text.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class AfterArgs {
  @InstantMs({ key: 'datetime', about: 'A date-time with an offset, or epoch milliseconds; itself not included.' })
  datetimeMs!: number;
}

@Injectable()
export class AfterPredicateFactory implements PredicateFactory<AfterArgs> {
  readonly name = 'After';
  readonly args = AfterArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['datetime'] };
  readonly isShared = true;
  readonly about = 'The request comes later than a date-time.';
  readonly example = 'After=2030-01-20T17:42:47.789-07:00[America/Denver]';

  compile({ datetimeMs }: AfterArgs, { clock }: CompileContext): RoutePredicate {
    return new AfterPredicate(datetimeMs, clock);
  }
}

class AfterPredicate implements RoutePredicate {
  constructor(
    private readonly datetimeMs: number,
    private readonly clock: Clock,
  ) {}

  matches(): boolean {
    return this.clock.now() > this.datetimeMs;
  }

  toString(): string {
    return `After: ${instantText(this.datetimeMs)}`;
  }
}
