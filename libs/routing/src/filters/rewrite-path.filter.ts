import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { ExchangeError } from '../exchange/exchange-error.js';
import { JavaRegex, type Replacement } from '../patterns/java-regex.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { springReplacement } from './spring-replacement.js';

export class RewritePathArgs {
  @Text({ about: 'What to look for in the raw path, anywhere and again and again.' })
  @IsNotEmpty()
  regexp!: string;

  @Text({ about: 'What comes in its place; `${name}` and `$1` are its groups (in YAML also `$\\{name}`).' })
  replacement!: string;
}

@Injectable()
export class RewritePathFilterFactory implements FilterFactory<RewritePathArgs> {
  readonly name = 'RewritePath';
  readonly args = RewritePathArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['regexp', 'replacement'] };
  readonly isShared = true;
  readonly about = 'Replaces what a regular expression finds in the path.';
  readonly example = 'RewritePath=/red/?(?<segment>.*),/$\\{segment}';

  compile({ regexp, replacement }: RewritePathArgs): GatewayFilter {
    const regex = JavaRegex.compile(regexp, { argument: 'regexp' });
    const text = springReplacement(replacement);
    const read = regex.replacement(text, 'replacement');
    if (read.parts.some((part) => typeof part === 'string' && /[^!$&-;=?-Z_a-z~%@[\]]/.test(part))) {
      throw new ComponentError(
        'replacement',
        `"${replacement}" holds characters that a path cannot; write them as %20 and so on`,
      );
    }
    return new RewritePath(regex, read, text);
  }
}

class RewritePath implements GatewayFilter {
  constructor(
    private readonly regex: JavaRegex,
    private readonly replacement: Replacement,
    private readonly text: string,
  ) {}

  onRequest(exchange: Exchange): void {
    const path = this.regex.replaceAll(exchange.request.path, this.replacement);
    if (!path.startsWith('/'))
      throw new ExchangeError(500, `the path rewritten by "${this.regex.source}" does not start with "/"`);
    const cut = path.indexOf('?');
    if (cut < 0) return exchange.rewritePath(path);
    // A raw path holds no `?`: it comes from the replacement, and starts a query there as it does in Spring.
    const { request } = exchange;
    exchange.rewritePath(path.slice(0, cut));
    request.query = [path.slice(cut + 1), request.query].filter(Boolean).join('&');
  }

  toString(): string {
    return filterText('RewritePath', [[this.regex.source, this.text]]);
  }
}
