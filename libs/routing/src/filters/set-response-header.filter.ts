import { Injectable } from '@nestjs/common';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { HeaderTemplate } from '../patterns/header-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { HeaderValueArgs } from './header.arguments.js';

@Injectable()
export class SetResponseHeaderFilterFactory implements FilterFactory<HeaderValueArgs> {
  readonly name = 'SetResponseHeader';
  readonly args = HeaderValueArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'value'] };
  readonly isShared = true;
  readonly about = 'Leaves one line of a header on the response, with this value.';
  readonly example = 'SetResponseHeader=X-Response-Red,blue';

  compile({ name, value }: HeaderValueArgs): GatewayFilter {
    return new SetResponseHeader(name, HeaderTemplate.parse(value, 'value'));
  }
}

class SetResponseHeader implements GatewayFilter {
  constructor(
    private readonly header: string,
    private readonly value: HeaderTemplate,
  ) {}

  get variables(): readonly string[] {
    return this.value.variables;
  }

  onResponse({ response, variables }: Exchange): void {
    response.headers.set(this.header, this.value.expand(variables));
  }

  toString(): string {
    return filterText('SetResponseHeader', [[this.header, String(this.value)]]);
  }
}
