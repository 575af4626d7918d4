import { Injectable } from '@nestjs/common';
import { Int, ListOf } from '@tigateway/model';
import { ArrayNotEmpty, Min } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { Cidr } from '../patterns/cidr.js';
import { parseBlocks } from './address-blocks.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class XForwardedRemoteAddrArgs {
  @ListOf({ kind: 'text' }, { about: 'IP addresses and CIDR blocks.' })
  @ArrayNotEmpty()
  sources!: string[];

  @Int({ about: 'How many proxies in front are trusted: the address is that many from the right, at most the first.' })
  @Min(1)
  maxTrustedIndex = 1;
}

@Injectable()
export class XForwardedRemoteAddrPredicateFactory implements PredicateFactory<XForwardedRemoteAddrArgs> {
  readonly name = 'XForwardedRemoteAddr';
  readonly args = XForwardedRemoteAddrArgs;
  readonly shortcut: Shortcut = { kind: 'gather', list: 'sources', splitsCommas: true };
  readonly isShared = true;
  readonly about = 'An address of X-Forwarded-For is in one of the blocks; without that header the connection’s own.';
  readonly example = 'XForwardedRemoteAddr=192.168.1.0/24';

  compile({ sources, maxTrustedIndex }: XForwardedRemoteAddrArgs): RoutePredicate {
    return new XForwardedRemoteAddrPredicate(parseBlocks(sources), maxTrustedIndex);
  }
}

class XForwardedRemoteAddrPredicate implements RoutePredicate {
  constructor(
    private readonly blocks: readonly Cidr[],
    private readonly maxTrustedIndex: number,
  ) {}

  matches(request: GatewayRequest): boolean {
    return Cidr.anyContains(this.blocks, forwardedAddress(request, this.maxTrustedIndex));
  }

  toString(): string {
    return `RemoteAddrs: [${this.blocks.join(', ')}]`;
  }
}

/** More than one header line could have been added by anybody on the way: then none is believed. */
function forwardedAddress({ headers, remoteAddress }: GatewayRequest, maxTrustedIndex: number): string {
  const lines = headers.getAll('x-forwarded-for');
  if (lines.length !== 1) return remoteAddress;
  const addresses = (lines[0] as string)
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  return addresses[Math.max(0, addresses.length - maxTrustedIndex)] ?? remoteAddress;
}
