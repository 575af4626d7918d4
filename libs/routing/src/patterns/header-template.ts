import { ComponentError } from '../compiler/component.js';
import type { UriVariables } from '../exchange/exchange.js';
import { ExchangeError } from '../exchange/exchange-error.js';
import { breaksHeader, headerBytes } from '../exchange/header-syntax.js';
import { UriTemplate } from './uri-template.js';

/**
 * A header's value with URI variables in it. What comes out is one line, whatever a client puts into its path: text beyond
 * ASCII goes out as UTF-8, a control character is never sent.
 */
export class HeaderTemplate {
  private constructor(
    private readonly template: UriTemplate,
    private readonly constant: string | undefined,
  ) {}

  /** @throws ComponentError for a control character */
  static parse(text: string, argument: string): HeaderTemplate {
    const constant = headerConstant(text, argument);
    const template = UriTemplate.parse(text);
    return new HeaderTemplate(template, template.isConstant ? constant : undefined);
  }

  get variables(): readonly string[] {
    return this.template.variables;
  }

  /** @throws ExchangeError (400) where a variable's value would break the header line */
  expand(values: UriVariables): string {
    if (this.constant !== undefined) return this.constant;
    const value = this.template.expand(values);
    if (breaksHeader(value)) throw new ExchangeError(400, 'the path holds control characters');
    return headerBytes(value);
  }

  /** The text as it was written. */
  toString(): string {
    return this.template.text;
  }
}

/**
 * A header's value that no request changes, as it goes out.
 * @throws ComponentError for a control character
 */
export function headerConstant(text: string, argument: string): string {
  if (breaksHeader(text)) throw new ComponentError(argument, 'a header value cannot hold control characters');
  return headerBytes(text);
}
