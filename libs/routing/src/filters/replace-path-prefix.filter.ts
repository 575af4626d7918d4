import { Injectable } from '@nestjs/common';
import { Int, Text } from '@tigateway/model';
import { Min } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

const PATH = /^(?:\/(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*)?$/;

export class ReplacePathPrefixArgs {
  @Int({ about: 'How many leading segments of the path go.' })
  @Min(0)
  parts!: number;

  @Text({ about: 'What comes in their place, percent-encoded where need be; empty or `/`: nothing.' })
  prefix!: string;
}

@Injectable()
export class ReplacePathPrefixFilterFactory implements FilterFactory<ReplacePathPrefixArgs> {
  readonly name = 'ReplacePathPrefix';
  readonly args = ReplacePathPrefixArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['parts', 'prefix'] };
  readonly about = 'Puts another prefix in the place of leading segments of the path.';
  readonly example = 'ReplacePathPrefix=1,/v2';

  compile({ parts, prefix }: ReplacePathPrefixArgs): GatewayFilter {
    return new ReplacePathPrefix(parts, pathArgument(prefix, 'prefix'));
  }
}

class ReplacePathPrefix implements GatewayFilter {
  constructor(
    private readonly parts: number,
    private readonly prefix: string,
  ) {}

  onRequest(exchange: Exchange): void {
    exchange.rewritePath(replaceLeading(exchange.request.path, this.parts, this.prefix));
  }

  toString(): string {
    return filterText('ReplacePathPrefix', [
      ['parts', this.parts],
      ['prefix', this.prefix],
    ]);
  }
}

/** @throws ComponentError for what cannot stand in a path as it is */
export function pathArgument(text: string, argument: string): string {
  if (PATH.test(text)) return text;
  throw new ComponentError(
    argument,
    `"${text}" is no path: it starts with "/", and what is special in it is written as %20`,
  );
}

/** Slashes are neither doubled nor lost where the two meet: `/foo/` on `/xyz` is `/xyz/`, `/foo` is `/xyz`. Never empty. */
export function replaceLeading(path: string, parts: number, prefix: string): string {
  let at = 0;
  for (let dropped = 0; dropped < parts && at >= 0; dropped++) at = path.indexOf('/', at + 1);
  const rest = at < 0 ? '' : path.slice(at);
  return prefix.replace(/\/$/, '') + rest || '/';
}
