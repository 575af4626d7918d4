import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { headerConstant } from '../patterns/header-template.js';
import { JavaRegex, type Replacement } from '../patterns/java-regex.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { HeaderNameArgs } from './header.arguments.js';
import { springReplacement } from './spring-replacement.js';

export class RewriteResponseHeaderArgs extends HeaderNameArgs {
  @Text({ about: 'What to look for in each value, anywhere and again and again.' })
  @IsNotEmpty()
  regexp!: string;

  @Text({ about: 'What comes in its place; `${name}` and `$1` are its groups (in YAML also `$\\{name}`).' })
  replacement!: string;
}

@Injectable()
export class RewriteResponseHeaderFilterFactory implements FilterFactory<RewriteResponseHeaderArgs> {
  readonly name = 'RewriteResponseHeader';
  readonly args = RewriteResponseHeaderArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name', 'regexp', 'replacement'] };
  readonly isShared = true;
  readonly about = 'Replaces what a regular expression finds in the values of a response header.';
  readonly example = 'RewriteResponseHeader=X-Response-Red,password=[^&]+,password=***';

  compile({ name, regexp, replacement }: RewriteResponseHeaderArgs): GatewayFilter {
    const regex = JavaRegex.compile(regexp, { argument: 'regexp' });
    const text = headerConstant(springReplacement(replacement), 'replacement');
    return new RewriteResponseHeader(name, regex, regex.replacement(text, 'replacement'), replacement);
  }
}

class RewriteResponseHeader implements GatewayFilter {
  constructor(
    private readonly header: string,
    private readonly regex: JavaRegex,
    private readonly replacement: Replacement,
    private readonly text: string,
  ) {}

  onResponse({ response: { headers } }: Exchange): void {
    const values = headers.getAll(this.header);
    if (values.length === 0) return;
    headers.remove(this.header);
    for (const value of values) headers.append(this.header, this.regex.replaceAll(value, this.replacement));
  }

  toString(): string {
    return filterText('RewriteResponseHeader', [
      ['name', this.header],
      ['regexp', this.regex.source],
      ['replacement', this.text],
    ]);
  }
}
