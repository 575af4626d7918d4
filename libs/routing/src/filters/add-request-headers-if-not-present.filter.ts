import { Injectable } from '@nestjs/common';
import { ListOf } from '@tigateway/model';
import { ArrayNotEmpty } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { HEADER_NAME } from '../exchange/header-syntax.js';
import { HeaderTemplate } from '../patterns/header-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class AddRequestHeadersIfNotPresentArgs {
  @ListOf(
    { kind: 'text' },
    {
      splitsCommas: false,
      template: true,
      about: 'Items `name:value` with one colon; `{name}` in the value is replaced by the URI variable.',
    },
  )
  @ArrayNotEmpty()
  keyValues!: string[];
}

@Injectable()
export class AddRequestHeadersIfNotPresentFilterFactory implements FilterFactory<AddRequestHeadersIfNotPresentArgs> {
  readonly name = 'AddRequestHeadersIfNotPresent';
  readonly args = AddRequestHeadersIfNotPresentArgs;
  readonly shortcut: Shortcut = { kind: 'gather', list: 'keyValues', splitsCommas: false };
  readonly isShared = true;
  readonly about = 'Adds those headers to the request that are not there yet, or blank.';
  readonly example = 'AddRequestHeadersIfNotPresent=X-Color-1:blue,X-Color-2:green';

  compile({ keyValues }: AddRequestHeadersIfNotPresentArgs): GatewayFilter {
    return new AddRequestHeadersIfNotPresent(keyValues.map(parseItem));
  }
}

interface HeaderLine {
  readonly name: string;
  readonly value: HeaderTemplate;
}

function parseItem(item: string): HeaderLine {
  const [name = '', value = '', ...rest] = item.split(':').map((part) => part.trim());
  if (!HEADER_NAME.test(name) || value === '' || rest.length > 0) {
    throw new ComponentError('keyValues', `"${item}" must be a header's name, one ":" and a value without ":"`);
  }
  return { name, value: HeaderTemplate.parse(value, 'keyValues') };
}

class AddRequestHeadersIfNotPresent implements GatewayFilter {
  constructor(private readonly lines: readonly HeaderLine[]) {}

  get variables(): readonly string[] {
    return this.lines.flatMap(({ value }) => value.variables);
  }

  onRequest({ request: { headers }, variables }: Exchange): void {
    // Judged before any is added: a name that is listed twice gets both its values.
    const missing = this.lines.filter(({ name }) => headers.getAll(name).every((value) => value.trim() === ''));
    for (const { name, value } of missing) headers.append(name, value.expand(variables));
  }

  toString(): string {
    const fields = this.lines.map(({ name, value }) => [name, String(value)] as const);
    return filterText('AddRequestHeadersIfNotPresent', fields);
  }
}
