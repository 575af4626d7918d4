import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import type { Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { IsHeaderName } from '../exchange/is-header-name.js';
import { JavaRegex } from '../patterns/java-regex.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class HeaderArgs {
  @Text({ about: 'The header, in any case.' })
  @IsHeaderName()
  header!: string;

  @Text({ optional: true, about: 'What one of its values must match as a whole; absent: any value that is not empty.' })
  regexp?: string;
}

@Injectable()
export class HeaderPredicateFactory implements PredicateFactory<HeaderArgs> {
  readonly name = 'Header';
  readonly args = HeaderArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['header', 'regexp'] };
  readonly isShared = true;
  readonly about = 'A header is there, with a value that matches.';
  readonly example = 'Header=X-Request-Id,\\d+';

  compile({ header, regexp }: HeaderArgs): RoutePredicate {
    const regex = regexp ? JavaRegex.compile(regexp, { argument: 'regexp' }) : undefined;
    return new HeaderPredicate(header, regex);
  }
}

class HeaderPredicate implements RoutePredicate {
  constructor(
    private readonly header: string,
    private readonly regex: JavaRegex | undefined,
  ) {}

  matches({ headers }: GatewayRequest): boolean {
    for (const line of headers.getAll(this.header)) if (this.takes(line)) return true;
    return false;
  }

  toString(): string {
    return `Header: ${this.header} regexp=${this.regex?.source ?? null}`;
  }

  private takes(line: string): boolean {
    if (!/[",]/.test(line)) {
      const value = line.trim();
      return value !== '' && (this.regex === undefined || this.regex.fullMatch(value));
    }
    const values = valuesOf(line);
    return this.regex === undefined ? values.length > 0 : values.some((value) => this.regex?.fullMatch(value));
  }
}

/** The values between the commas that are not inside of quotes, without the quotes around them; empty ones do not count. */
function valuesOf(line: string): string[] {
  const values: string[] = [];
  for (const [, quoted, plain = ''] of line.matchAll(/\s*(?:"((?:[^"\\]|\\.)*)"\s*(?=,|$)|([^,]*))(?:,|$)/g)) {
    const value = quoted === undefined ? plain.trim() : quoted.replace(/\\(.)/g, '$1');
    if (value !== '') values.push(value);
  }
  return values;
}
