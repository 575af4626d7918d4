import { Injectable } from '@nestjs/common';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class PreserveHostHeaderArgs {}

@Injectable()
export class PreserveHostHeaderFilterFactory implements FilterFactory<PreserveHostHeaderArgs> {
  readonly name = 'PreserveHostHeader';
  readonly args = PreserveHostHeaderArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: [] };
  readonly isShared = true;
  readonly about = 'Sends the client’s Host header upstream.';
  readonly example = 'PreserveHostHeader';

  compile(): GatewayFilter {
    return PRESERVE_HOST_HEADER;
  }
}

/** It has no arguments: one for all routes. */
const PRESERVE_HOST_HEADER: GatewayFilter = {
  onRequest: (exchange: Exchange) => {
    exchange.preservesHost = true;
  },
  toString: () => filterText('PreserveHostHeader'),
};
