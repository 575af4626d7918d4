import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { ParsedRequest } from '../exchange/parsed-request.js';
import { JavaRegex } from '../patterns/java-regex.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class QueryArgs {
  @Text({ about: 'The parameter; its name is exact.' })
  @IsNotEmpty()
  param!: string;

  @Text({ optional: true, about: 'What one of its decoded values must match as a whole; absent: the name is enough.' })
  regexp?: string;
}

@Injectable()
export class QueryPredicateFactory implements PredicateFactory<QueryArgs> {
  readonly name = 'Query';
  readonly args = QueryArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['param', 'regexp'] };
  readonly isShared = true;
  readonly about = 'A query parameter is there, with a value that matches.';
  readonly example = 'Query=color,gr.+';

  compile({ param, regexp }: QueryArgs): RoutePredicate {
    const regex = regexp ? JavaRegex.compile(regexp, { argument: 'regexp' }) : undefined;
    return new QueryPredicate(param, regex);
  }
}

class QueryPredicate implements RoutePredicate {
  constructor(
    private readonly param: string,
    private readonly regex: JavaRegex | undefined,
  ) {}

  /** `?p` has no value and fails a regexp; the value of `?p=` is the empty text. */
  matches(request: GatewayRequest): boolean {
    const values = ParsedRequest.of(request).parameter(this.param);
    const { regex } = this;
    if (regex === undefined) return values.length > 0;
    return values.some((value) => value !== undefined && regex.fullMatch(value));
  }

  toString(): string {
    return `Query: param=${this.param} regexp=${this.regex?.source ?? null}`;
  }
}
