import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { formatQuery, parseQuery } from '../patterns/query-string.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class RemoveRequestParameterArgs {
  @Text({ about: 'The parameter; its name is exact.' })
  @IsNotEmpty()
  name!: string;
}

@Injectable()
export class RemoveRequestParameterFilterFactory implements FilterFactory<RemoveRequestParameterArgs> {
  readonly name = 'RemoveRequestParameter';
  readonly args = RemoveRequestParameterArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name'] };
  readonly isShared = true;
  readonly about = 'Removes a parameter; the whole query is decoded and encoded anew.';
  readonly example = 'RemoveRequestParameter=red';

  compile({ name }: RemoveRequestParameterArgs): GatewayFilter {
    return new RemoveRequestParameter(name);
  }
}

class RemoveRequestParameter implements GatewayFilter {
  constructor(private readonly parameter: string) {}

  onRequest({ request }: Exchange): void {
    if (!request.query) return;
    request.query = formatQuery(parseQuery(request.query).filter(({ name }) => name !== this.parameter));
  }

  toString(): string {
    return filterText('RemoveRequestParameter', [['name', this.parameter]]);
  }
}
