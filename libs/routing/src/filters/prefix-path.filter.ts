import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { PathTemplate } from '../patterns/path-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

/** Set once a request has its prefix: as in Spring, default filters and retries cannot put another one before it. */
const IS_PREFIXED = Symbol('is prefixed');

export class PrefixPathArgs {
  @Text({ template: true, about: 'What comes before the path; `{name}` is replaced by the URI variable.' })
  @IsNotEmpty()
  prefix!: string;
}

@Injectable()
export class PrefixPathFilterFactory implements FilterFactory<PrefixPathArgs> {
  readonly name = 'PrefixPath';
  readonly args = PrefixPathArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['prefix'] };
  readonly isShared = true;
  readonly about = 'Puts a prefix before the path; only the first one of a request does.';
  readonly example = 'PrefixPath=/mypath';

  compile({ prefix }: PrefixPathArgs): GatewayFilter {
    return new PrefixPath(PathTemplate.parse(prefix, 'prefix'));
  }
}

class PrefixPath implements GatewayFilter {
  constructor(private readonly prefix: PathTemplate) {}

  get variables(): readonly string[] {
    return this.prefix.variables;
  }

  onRequest(exchange: Exchange): void {
    if (exchange.attribute(IS_PREFIXED)) return;
    exchange.setAttribute(IS_PREFIXED, true);
    exchange.rewritePath(this.prefix.expand(exchange.variables) + exchange.request.path);
  }

  toString(): string {
    return filterText('PrefixPath', [['prefix', String(this.prefix)]]);
  }
}
