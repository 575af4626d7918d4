import { Injectable } from '@nestjs/common';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { HeaderTemplate } from '../patterns/header-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { HeaderValueArgs } from './header.arguments.js';

@Injectable()
export class AddRequestHeaderFilterFactory implements FilterFactory<HeaderValueArgs> {
  readonly name = 'AddRequestHeader';
  readonly args = HeaderValueArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'value'] };
  readonly isShared = true;
  readonly about = 'Adds a header line to the request; those that are there stay.';
  readonly example = 'AddRequestHeader=X-Request-Red,blue';

  compile({ name, value }: HeaderValueArgs): GatewayFilter {
    return new AddRequestHeader(name, HeaderTemplate.parse(value, 'value'));
  }
}

class AddRequestHeader implements GatewayFilter {
  constructor(
    private readonly header: string,
    private readonly value: HeaderTemplate,
  ) {}

  get variables(): readonly string[] {
    return this.value.variables;
  }

  onRequest({ request, variables }: Exchange): void {
    request.headers.append(this.header, this.value.expand(variables));
  }

  toString(): string {
    return filterText('AddRequestHeader', [[this.header, String(this.value)]]);
  }
}
