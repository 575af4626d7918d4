import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { encodeIllegal, encodeStrictly } from '../patterns/query-string.js';
import { UriTemplate } from '../patterns/uri-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class AddRequestParameterArgs {
  @Text({ about: 'The parameter.' })
  @IsNotEmpty()
  name!: string;

  @Text({ template: true, about: 'Its value; `{name}` is replaced by the URI variable.' })
  @IsNotEmpty()
  value!: string;
}

@Injectable()
export class AddRequestParameterFilterFactory implements FilterFactory<AddRequestParameterArgs> {
  readonly name = 'AddRequestParameter';
  readonly args = AddRequestParameterArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'value'] };
  readonly isShared = true;
  readonly about = 'Adds a parameter at the end of the query.';
  readonly example = 'AddRequestParameter=red,blue';

  compile({ name, value }: AddRequestParameterArgs): GatewayFilter {
    return new AddRequestParameter(name, value);
  }
}

/** What the configuration writes may be encoded already; a variable's value is one value, whatever a client put in it. */
class AddRequestParameter implements GatewayFilter {
  private readonly template: UriTemplate;

  constructor(
    private readonly parameter: string,
    private readonly value: string,
  ) {
    this.template = UriTemplate.parse(value).mapLiterals(encodeIllegal);
  }

  get variables(): readonly string[] {
    return this.template.variables;
  }

  onRequest({ request, variables }: Exchange): void {
    const added = `${encodeIllegal(this.parameter)}=${this.template.expand(variables, encodeStrictly)}`;
    const { query } = request;
    request.query = query ? `${query}${query.endsWith('&') ? '' : '&'}${added}` : added;
  }

  toString(): string {
    return filterText('AddRequestParameter', [[this.parameter, this.value]]);
  }
}
