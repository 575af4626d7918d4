import { Injectable } from '@nestjs/common';
import { ListOf } from '@tigateway/model';
import { ArrayNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { HostPattern } from '../patterns/host-pattern.js';
import { variablesOf } from '../patterns/pattern-variables.js';
import type { RouteIndexKeys } from '../table/index-keys.js';
import type { MatchCapture, PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class HostArgs {
  @ListOf({ kind: 'text' }, { about: 'Host patterns; without a port they match any port.' })
  @ArrayNotEmpty()
  patterns!: string[];
}

@Injectable()
export class HostPredicateFactory implements PredicateFactory<HostArgs> {
  readonly name = 'Host';
  readonly args = HostArgs;
  readonly shortcut: Shortcut = { kind: 'gather', list: 'patterns', splitsCommas: true };
  readonly isShared = true;
  readonly about = 'The Host header matches one of the patterns, in any case.';
  readonly example = 'Host=**.example.org,{tenant}.example.com';

  compile({ patterns }: HostArgs): RoutePredicate {
    return new HostPredicate(patterns.map((text) => HostPattern.parse(text, 'patterns')));
  }
}

class HostPredicate implements RoutePredicate {
  readonly variables: readonly string[];

  constructor(private readonly patterns: readonly HostPattern[]) {
    this.variables = variablesOf(patterns);
  }

  get index(): RouteIndexKeys {
    return { hosts: this.patterns.map(({ indexKey }) => indexKey) };
  }

  matches({ headers }: GatewayRequest, capture: MatchCapture): boolean {
    const host = headers.get('host');
    if (host === undefined) return false;
    for (const pattern of this.patterns) if (pattern.matches(host, capture)) return true;
    return false;
  }

  toString(): string {
    return `Hosts: [${this.patterns.join(', ')}]`;
  }
}
