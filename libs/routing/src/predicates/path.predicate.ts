import { Injectable } from '@nestjs/common';
import { Flag, ListOf } from '@tigateway/model';
import { ArrayNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import { ComponentError } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { PathPattern } from '../patterns/path-pattern.js';
import { variablesOf } from '../patterns/pattern-variables.js';
import { PreparedPath } from '../patterns/prepared-path.js';
import type { RouteIndexKeys } from '../table/index-keys.js';
import type { MatchCapture, PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class PathArgs {
  @ListOf({ kind: 'text' }, { splitsCommas: false, about: 'Path patterns; the first that matches counts.' })
  @ArrayNotEmpty()
  patterns!: string[];

  @Flag({ about: 'One extra `/` at the end of the request path is allowed.' })
  matchTrailingSlash = true;
}

@Injectable()
export class PathPredicateFactory implements PredicateFactory<PathArgs> {
  readonly name = 'Path';
  readonly args = PathArgs;
  readonly shortcut: Shortcut = {
    kind: 'gather',
    list: 'patterns',
    splitsCommas: false,
    tailFlag: 'matchTrailingSlash',
  };
  readonly isShared = true;
  readonly about = 'The request path matches one of the patterns.';
  readonly example = 'Path=/users/{id},/people/**';

  compile({ patterns, matchTrailingSlash }: PathArgs): RoutePredicate {
    return new PathPredicate(patterns.map(parse), matchTrailingSlash);
  }
}

function parse(text: string): PathPattern {
  try {
    return PathPattern.parse(text);
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    throw new ComponentError('patterns', error.message, error.code);
  }
}

class PathPredicate implements RoutePredicate {
  readonly variables: readonly string[];

  constructor(
    private readonly patterns: readonly PathPattern[],
    private readonly matchTrailingSlash: boolean,
  ) {
    this.variables = variablesOf(patterns);
  }

  get index(): RouteIndexKeys {
    return { paths: this.patterns.map(({ indexKey }) => indexKey) };
  }

  matches(request: GatewayRequest, capture: MatchCapture): boolean {
    const path = PreparedPath.of(request);
    for (const pattern of this.patterns) if (pattern.matches(path, this.matchTrailingSlash, capture)) return true;
    return false;
  }

  toString(): string {
    return `Paths: [${this.patterns.join(', ')}], match trailing slash: ${this.matchTrailingSlash}`;
  }
}
