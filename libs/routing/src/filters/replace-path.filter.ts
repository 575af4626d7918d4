import { Injectable } from '@nestjs/common';
import { Int, Text } from '@tigateway/model';
import { Min } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

const PATH = /^(?:\/(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*)?$/;

export class ReplacePathArgs {
  @Text({ about: 'The new path, percent-encoded where need be; empty is `/`.' })
  path!: string;

  @Int({ optional: true, about: 'How many leading segments it takes the place of; absent: of all.' })
  @Min(0)
  parts?: number;
}

@Injectable()
export class ReplacePathFilterFactory implements FilterFactory<ReplacePathArgs> {
  readonly name = 'ReplacePath';
  readonly args = ReplacePathArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['path', 'parts'] };
  readonly isShared = true;
  readonly about = 'Puts another path in the place of the whole one, or of its leading segments.';
  readonly example = 'ReplacePath=/v2,1';

  compile({ path, parts }: ReplacePathArgs): GatewayFilter {
    return new ReplacePath(pathArgument(path, 'path'), parts);
  }
}

class ReplacePath implements GatewayFilter {
  constructor(
    private readonly path: string,
    private readonly parts: number | undefined,
  ) {}

  onRequest(exchange: Exchange): void {
    exchange.rewritePath(replacePath(exchange.request.path, this.path, this.parts));
  }

  toString(): string {
    return filterText('ReplacePath', [
      ['path', this.path],
      ['parts', this.parts],
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

/**
 * Slashes are neither doubled nor lost where the two meet: `/foo/` with `/xyz` in the place of one part is `/xyz/`, `/foo` is
 * `/xyz`. Never empty.
 * @param parts leading segments that go; `undefined`: all
 */
export function replacePath(path: string, replacement: string, parts: number | undefined): string {
  if (parts === undefined) return replacement || '/';
  let at = 0;
  for (let dropped = 0; dropped < parts && at >= 0; dropped++) at = path.indexOf('/', at + 1);
  const rest = at < 0 ? '' : path.slice(at);
  return replacement.replace(/\/$/, '') + rest || '/';
}
