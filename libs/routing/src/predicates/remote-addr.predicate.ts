import { Injectable } from '@nestjs/common';
import { ListOf } from '@tigateway/model';
import { ArrayNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { Cidr } from '../patterns/cidr.js';
import { parseBlocks } from './address-blocks.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class RemoteAddrArgs {
  @ListOf({ kind: 'text' }, { about: 'IP addresses and CIDR blocks.' })
  @ArrayNotEmpty()
  sources!: string[];
}

@Injectable()
export class RemoteAddrPredicateFactory implements PredicateFactory<RemoteAddrArgs> {
  readonly name = 'RemoteAddr';
  readonly args = RemoteAddrArgs;
  readonly shortcut: Shortcut = { kind: 'gather', list: 'sources', splitsCommas: true };
  readonly isShared = true;
  readonly about = 'The address of the connection is in one of the blocks.';
  readonly example = 'RemoteAddr=192.168.1.0/24,2001:db8::/32';

  compile({ sources }: RemoteAddrArgs): RoutePredicate {
    return new RemoteAddrPredicate(parseBlocks(sources));
  }
}

class RemoteAddrPredicate implements RoutePredicate {
  constructor(private readonly blocks: readonly Cidr[]) {}

  matches({ remoteAddress }: GatewayRequest): boolean {
    return Cidr.anyContains(this.blocks, remoteAddress);
  }

  toString(): string {
    return `RemoteAddrs: [${this.blocks.join(', ')}]`;
  }
}
