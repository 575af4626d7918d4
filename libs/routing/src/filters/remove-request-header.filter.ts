import { Injectable } from '@nestjs/common';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { HeaderNameArgs } from './header.arguments.js';

@Injectable()
export class RemoveRequestHeaderFilterFactory implements FilterFactory<HeaderNameArgs> {
  readonly name = 'RemoveRequestHeader';
  readonly args = HeaderNameArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name'] };
  readonly isShared = true;
  readonly about = 'Removes a header from the request.';
  readonly example = 'RemoveRequestHeader=X-Request-Foo';

  compile({ name }: HeaderNameArgs): GatewayFilter {
    return new RemoveRequestHeader(name);
  }
}

class RemoveRequestHeader implements GatewayFilter {
  constructor(private readonly header: string) {}

  onRequest({ request }: Exchange): void {
    request.headers.remove(this.header);
  }

  toString(): string {
    return filterText('RemoveRequestHeader', [['name', this.header]]);
  }
}
