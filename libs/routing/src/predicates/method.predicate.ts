import { Injectable } from '@nestjs/common';
import { ListOf } from '@tigateway/model';
import { ArrayNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

/** As in Spring, any other name may be written but is the method of no request. */
const STANDARD: ReadonlyMap<string, string> = new Map(
  'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE'.split(' ').map((method) => [method, method]),
);

export class MethodArgs {
  @ListOf({ kind: 'text' }, { about: 'HTTP methods, in any case; GET does not imply HEAD.' })
  @ArrayNotEmpty()
  methods!: string[];
}

@Injectable()
export class MethodPredicateFactory implements PredicateFactory<MethodArgs> {
  readonly name = 'Method';
  readonly args = MethodArgs;
  readonly shortcut: Shortcut = { kind: 'gather', list: 'methods', splitsCommas: true };
  readonly isShared = true;
  readonly about = 'The request method is one of those listed.';
  readonly example = 'Method=GET,POST';

  compile({ methods }: MethodArgs): RoutePredicate {
    return new MethodPredicate(
      methods.map((method) => method.toUpperCase()).map((method) => STANDARD.get(method) ?? method),
    );
  }
}

class MethodPredicate implements RoutePredicate {
  private readonly possible: readonly string[];

  constructor(private readonly methods: readonly string[]) {
    this.possible = methods.filter((method) => STANDARD.has(method));
  }

  matches({ method }: GatewayRequest): boolean {
    return this.possible.includes(method);
  }

  toString(): string {
    return `Methods: [${this.methods.join(', ')}]`;
  }
}
