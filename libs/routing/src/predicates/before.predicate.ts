import { Injectable } from '@nestjs/common';
import { type Clock, InstantMs } from '@tigateway/model';
import type { CompileContext, Shortcut } from '../compiler/component.js';
import { instantText } from './instant-text.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class BeforeArgs {
  @InstantMs({ key: 'datetime', about: 'A date-time with an offset, or epoch milliseconds; itself not included.' })
  datetimeMs!: number;
}

@Injectable()
export class BeforePredicateFactory implements PredicateFactory<BeforeArgs> {
  readonly name = 'Before';
  readonly args = BeforeArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['datetime'] };
  readonly isShared = true;
  readonly about = 'The request comes earlier than a date-time.';
  readonly example = 'Before=2030-01-20T17:42:47.789-07:00[America/Denver]';

  compile({ datetimeMs }: BeforeArgs, { clock }: CompileContext): RoutePredicate {
    return new BeforePredicate(datetimeMs, clock);
  }
}

class BeforePredicate implements RoutePredicate {
  constructor(
    private readonly datetimeMs: number,
    private readonly clock: Clock,
  ) {}

  matches(): boolean {
    return this.clock.now() < this.datetimeMs;
  }

  toString(): string {
    return `Before: ${instantText(this.datetimeMs)}`;
  }
}
