import { Injectable } from '@nestjs/common';
import { Flag } from '@tigateway/model';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { HeaderTemplate } from '../patterns/header-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { HeaderValueArgs } from './header.arguments.js';

export class AddResponseHeaderArgs extends HeaderValueArgs {
  @Flag({ about: 'False: only where the header is not there yet, or blank. True adds a line; it replaces none.' })
  override = true;
}

@Injectable()
export class AddResponseHeaderFilterFactory implements FilterFactory<AddResponseHeaderArgs> {
  readonly name = 'AddResponseHeader';
  readonly args = AddResponseHeaderArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'value', 'override'] };
  readonly isShared = true;
  readonly about = 'Adds a header line to the response; those that are there stay.';
  readonly example = 'AddResponseHeader=X-Response-Red,blue';

  compile({ name, value, override }: AddResponseHeaderArgs): GatewayFilter {
    return new AddResponseHeader(name, HeaderTemplate.parse(value, 'value'), override);
  }
}

class AddResponseHeader implements GatewayFilter {
  constructor(
    private readonly header: string,
    private readonly value: HeaderTemplate,
    private readonly override: boolean,
  ) {}

  get variables(): readonly string[] {
    return this.value.variables;
  }

  onResponse({ response: { headers }, variables }: Exchange): void {
    if (!this.override && headers.getAll(this.header).some((value) => value.trim() !== '')) return;
    headers.append(this.header, this.value.expand(variables));
  }

  toString(): string {
    return filterText('AddResponseHeader', [
      ['name', this.header],
      ['value', String(this.value)],
      ['override', this.override],
    ]);
  }
}
