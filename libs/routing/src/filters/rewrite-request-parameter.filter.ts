import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { formatQuery, parseQuery } from '../patterns/query-string.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class RewriteRequestParameterArgs {
  @Text({ about: 'The parameter; its name is exact.' })
  @IsNotEmpty()
  name!: string;

  @Text({ about: 'Its one new value, a constant.' })
  replacement!: string;
}

@Injectable()
export class RewriteRequestParameterFilterFactory implements FilterFactory<RewriteRequestParameterArgs> {
  readonly name = 'RewriteRequestParameter';
  readonly args = RewriteRequestParameterArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'replacement'] };
  readonly isShared = true;
  readonly about =
    'Gives a parameter that is there one new value, at the end; the whole query is decoded and encoded anew.';
  readonly example = 'RewriteRequestParameter=campaign,fall2030';

  compile({ name, replacement }: RewriteRequestParameterArgs): GatewayFilter {
    return new RewriteRequestParameter(name, replacement);
  }
}

class RewriteRequestParameter implements GatewayFilter {
  constructor(
    private readonly parameter: string,
    private readonly replacement: string,
  ) {}

  onRequest({ request }: Exchange): void {
    if (!request.query) return;
    const parameters = parseQuery(request.query);
    const others = parameters.filter(({ name }) => name !== this.parameter);
    if (others.length < parameters.length) others.push({ name: this.parameter, value: this.replacement });
    request.query = formatQuery(others);
  }

  toString(): string {
    return filterText('RewriteRequestParameter', [[this.parameter, this.replacement]]);
  }
}
