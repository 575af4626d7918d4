import { Injectable } from '@nestjs/common';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { HeaderNameArgs } from './header.arguments.js';

@Injectable()
export class RemoveResponseHeaderFilterFactory implements FilterFactory<HeaderNameArgs> {
  readonly name = 'RemoveResponseHeader';
  readonly args = HeaderNameArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name'] };
  readonly isShared = true;
  readonly about = 'Removes a header from the response.';
  readonly example = 'RemoveResponseHeader=X-Response-Foo';

  compile({ name }: HeaderNameArgs): GatewayFilter {
    return new RemoveResponseHeader(name);
  }
}

class RemoveResponseHeader implements GatewayFilter {
  constructor(private readonly header: string) {}

  onResponse({ response }: Exchange): void {
    response.headers.remove(this.header);
  }

  toString(): string {
    return filterText('RemoveResponseHeader', [['name', this.header]]);
  }
}
