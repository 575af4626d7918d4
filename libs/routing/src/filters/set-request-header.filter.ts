import { Injectable } from '@nestjs/common';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { HeaderTemplate } from '../patterns/header-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { HeaderValueArgs } from './header.arguments.js';

@Injectable()
export class SetRequestHeaderFilterFactory implements FilterFactory<HeaderValueArgs> {
  readonly name = 'SetRequestHeader';
  readonly args = HeaderValueArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'value'] };
  readonly isShared = true;
  readonly about = 'Leaves one line of a header on the request, with this value.';
  readonly example = 'SetRequestHeader=X-Request-Red,blue';

  compile({ name, value }: HeaderValueArgs): GatewayFilter {
    return new SetRequestHeader(name, HeaderTemplate.parse(value, 'value'));
  }
}

class SetRequestHeader implements GatewayFilter {
  constructor(
    private readonly header: string,
    private readonly value: HeaderTemplate,
  ) {}

  get variables(): readonly string[] {
    return this.value.variables;
  }

  onRequest({ request, variables }: Exchange): void {
    request.headers.set(this.header, this.value.expand(variables));
  }

  toString(): string {
    return filterText('SetRequestHeader', [[this.header, String(this.value)]]);
  }
}
