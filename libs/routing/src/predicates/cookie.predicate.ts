import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { ParsedRequest } from '../exchange/parsed-request.js';
import { JavaRegex } from '../patterns/java-regex.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class CookieArgs {
  @Text({ about: 'The cookie; its name is exact.' })
  @IsNotEmpty()
  name!: string;

  @Text({ about: 'What its value must match as a whole.' })
  @IsNotEmpty()
  regexp!: string;
}

@Injectable()
export class CookiePredicateFactory implements PredicateFactory<CookieArgs> {
  readonly name = 'Cookie';
  readonly args = CookieArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'regexp'] };
  readonly isShared = true;
  readonly about = 'A cookie of that name has a value that matches.';
  readonly example = 'Cookie=chocolate,ch.p';

  compile({ name, regexp }: CookieArgs): RoutePredicate {
    return new CookiePredicate(name, JavaRegex.compile(regexp, { argument: 'regexp' }));
  }
}

class CookiePredicate implements RoutePredicate {
  constructor(
    private readonly name: string,
    private readonly regex: JavaRegex,
  ) {}

  matches(request: GatewayRequest): boolean {
    const values = ParsedRequest.of(request).cookie(this.name);
    return values.some((value) => value !== undefined && this.regex.fullMatch(value));
  }

  toString(): string {
    return `Cookie: name=${this.name} regexp=${this.regex.source}`;
  }
}
