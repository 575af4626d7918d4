import { Injectable } from '@nestjs/common';
import { Choice, Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { HeaderList } from '../exchange/header-list.js';
import { HEADER_NAME } from '../exchange/header-syntax.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText, Unquoted } from './filter-text.js';

const STRATEGIES = ['RETAIN_FIRST', 'RETAIN_LAST', 'RETAIN_UNIQUE'] as const;
type Strategy = (typeof STRATEGIES)[number];

export class DedupeResponseHeaderArgs {
  @Text({ about: 'Headers, parted by spaces.' })
  @IsNotEmpty()
  name!: string;

  @Choice(STRATEGIES, { about: 'Which of several lines stay.' })
  strategy: Strategy = 'RETAIN_FIRST';
}

@Injectable()
export class DedupeResponseHeaderFilterFactory implements FilterFactory<DedupeResponseHeaderArgs> {
  readonly name = 'DedupeResponseHeader';
  readonly args = DedupeResponseHeaderArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'strategy'] };
  readonly isShared = true;
  readonly about = 'Drops lines of a response header that is there more than once; commas inside a line part nothing.';
  readonly example = 'DedupeResponseHeader=Access-Control-Allow-Credentials Access-Control-Allow-Origin';

  compile({ name, strategy }: DedupeResponseHeaderArgs): GatewayFilter {
    const headers = name.split(' ').filter((each) => each !== '');
    const wrong = headers.find((each) => !HEADER_NAME.test(each));
    if (wrong !== undefined) throw new ComponentError('name', `"${wrong}" must be the name of a header`);
    return new DedupeResponseHeader(name, headers, strategy);
  }
}

class DedupeResponseHeader implements GatewayFilter {
  constructor(
    private readonly text: string,
    private readonly headers: readonly string[],
    private readonly strategy: Strategy,
  ) {}

  onResponse({ response }: Exchange): void {
    for (const header of this.headers) dedupe(response.headers, header, this.strategy);
  }

  toString(): string {
    return filterText('DedupeResponseHeader', [[this.text, new Unquoted(this.strategy)]]);
  }
}

function dedupe(headers: HeaderList, name: string, strategy: Strategy): void {
  const values = headers.getAll(name);
  if (values.length < 2) return;
  if (strategy !== 'RETAIN_UNIQUE') {
    headers.set(name, values.at(strategy === 'RETAIN_FIRST' ? 0 : -1) as string);
    return;
  }
  const lower = name.toLowerCase();
  const seen = new Set<string>();
  headers.retain((each, value) => each !== lower || (!seen.has(value) && seen.add(value) !== undefined));
}
