import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { IsHeaderName } from '../exchange/is-header-name.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class MapRequestHeaderArgs {
  @Text({ about: 'The header whose values are taken; it stays.' })
  @IsHeaderName()
  fromHeader!: string;

  @Text({ about: 'The header that they are added to.' })
  @IsHeaderName()
  toHeader!: string;
}

@Injectable()
export class MapRequestHeaderFilterFactory implements FilterFactory<MapRequestHeaderArgs> {
  readonly name = 'MapRequestHeader';
  readonly args = MapRequestHeaderArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['fromHeader', 'toHeader'] };
  readonly isShared = true;
  readonly about = 'Adds the values of one request header to another.';
  readonly example = 'MapRequestHeader=Blue,X-Request-Red';

  compile({ fromHeader, toHeader }: MapRequestHeaderArgs): GatewayFilter {
    return new MapRequestHeader(fromHeader, toHeader);
  }
}

class MapRequestHeader implements GatewayFilter {
  constructor(
    private readonly fromHeader: string,
    private readonly toHeader: string,
  ) {}

  onRequest({ request: { headers } }: Exchange): void {
    for (const value of headers.getAll(this.fromHeader)) headers.append(this.toHeader, value);
  }

  toString(): string {
    return filterText('MapRequestHeader', [
      ['fromHeader', this.fromHeader],
      ['toHeader', this.toHeader],
    ]);
  }
}
