import { Injectable } from '@nestjs/common';
import { Int } from '@tigateway/model';
import { Min } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class StripPrefixArgs {
  @Int({ about: 'How many leading segments go.' })
  @Min(0)
  parts = 1;
}

@Injectable()
export class StripPrefixFilterFactory implements FilterFactory<StripPrefixArgs> {
  readonly name = 'StripPrefix';
  readonly args = StripPrefixArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['parts'] };
  readonly isShared = true;
  readonly about = 'Drops leading segments of the path.';
  readonly example = 'StripPrefix=2';

  compile({ parts }: StripPrefixArgs): GatewayFilter {
    return new StripPrefix(parts);
  }
}

class StripPrefix implements GatewayFilter {
  constructor(private readonly parts: number) {}

  onRequest(exchange: Exchange): void {
    exchange.rewritePath(dropSegments(exchange.request.path, this.parts));
  }

  toString(): string {
    return filterText('StripPrefix', [['parts', this.parts]]);
  }
}

/** Empty segments do not count and vanish; one final `/` stays; the path never becomes empty. */
function dropSegments(path: string, parts: number): string {
  if (path.includes('//')) {
    const kept = path
      .split('/')
      .filter((segment) => segment !== '')
      .slice(parts);
    return kept.length === 0 ? '/' : `/${kept.join('/')}${path.endsWith('/') ? '/' : ''}`;
  }
  let start = 0;
  for (let dropped = 0; dropped < parts; dropped++) {
    start = path.indexOf('/', start + 1);
    if (start < 0) return '/';
  }
  return path.slice(start);
}
