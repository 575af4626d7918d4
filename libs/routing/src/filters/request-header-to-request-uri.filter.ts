import { Injectable } from '@nestjs/common';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { parseTargetUri } from '../patterns/target-uri.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { HeaderNameArgs } from './header.arguments.js';
import { AFTER_ROUTE_URI, sendTo } from './request-uri.js';

@Injectable()
export class RequestHeaderToRequestUriFilterFactory implements FilterFactory<HeaderNameArgs> {
  readonly name = 'RequestHeaderToRequestUri';
  readonly args = HeaderNameArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name'] };
  readonly isShared = true;
  readonly about =
    'Sends the request to the URI that a header names. Whoever sends that header chooses where the gateway connects to: only for clients that are trusted.';
  readonly example = 'RequestHeaderToRequestUri=X-New-Url';

  compile({ name }: HeaderNameArgs): GatewayFilter {
    return new RequestHeaderToRequestUri(name);
  }
}

class RequestHeaderToRequestUri implements GatewayFilter {
  readonly order = AFTER_ROUTE_URI;

  constructor(private readonly header: string) {}

  /** Where the header is missing or no URI, the route's own stays. */
  onRequest(exchange: Exchange): void {
    const text = exchange.request.headers.get(this.header);
    if (text !== undefined) sendTo(exchange, parseTargetUri(text));
  }

  toString(): string {
    return filterText('RequestHeaderToRequestUri', [['name', this.header]]);
  }
}
