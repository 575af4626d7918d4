import { ExchangeError } from '../exchange/exchange-error.js';
import type { UriVariables } from '../exchange/exchange.js';

interface UriTemplateOptions {
  /** As Spring does with the values of headers and paths: `//` beside variables becomes `/`. True by default. */
  readonly collapsesSlashes?: boolean;
}

/**
 * A text with `{name}`s that URI variables replace. `{name:…}` is `{name}`; `${name}`, `{}` and braces around a `/` are text.
 * As in Spring, a text with variables is read as a URI path, so `//` in it becomes `/`; a text without any stays as it is.
 */
export class UriTemplate {
  private constructor(
    readonly text: string,
    /** One more than there are variables: what stands before, between and after them. */
    private readonly literals: readonly string[],
    readonly variables: readonly string[],
  ) {}

  static parse(text: string, { collapsesSlashes = true }: UriTemplateOptions = {}): UriTemplate {
    const literals: string[] = [];
    const variables: string[] = [];
    let from = 0;
    let open = text.indexOf('{');
    while (open >= 0) {
      const end = text[open - 1] === '$' ? -1 : closingBrace(text, open);
      if (end >= 0) {
        literals.push(text.slice(from, open));
        variables.push((/^[^:]+/.exec(text.slice(open + 1, end)) as RegExpExecArray)[0]);
        from = end + 1;
      }
      open = text.indexOf('{', end >= 0 ? from : open + 1);
    }
    if (variables.length === 0) return new UriTemplate(text, [text], NO_VARIABLES);
    literals.push(text.slice(from));
    return new UriTemplate(
      text,
      collapsesSlashes ? literals.map((literal) => literal.replace(/\/{2,}/g, '/')) : literals,
      variables,
    );
  }

  /** The same template with every literal part rewritten, once for all requests. */
  mapLiterals(rewrite: (literal: string) => string): UriTemplate {
    return new UriTemplate(this.text, this.literals.map(rewrite), this.variables);
  }

  get isConstant(): boolean {
    return this.variables.length === 0;
  }

  /**
   * @param write how a variable's decoded value is written; as it is by default
   * @throws ExchangeError (500) for a variable that the request has not
   */
  expand(values: UriVariables, write: (value: string) => string = asItIs): string {
    const { literals, variables } = this;
    let text = literals[0] as string;
    for (let at = 0; at < variables.length; at++) {
      const name = variables[at] as string;
      const value = values[name];
      if (value === undefined) throw new ExchangeError(500, `the request supplies no URI variable "${name}"`);
      text += write(value) + (literals[at + 1] as string);
    }
    return text;
  }

  toString(): string {
    return this.text;
  }
}

const NO_VARIABLES: readonly string[] = [];

function asItIs(value: string): string {
  return value;
}

/** The end of `{name}` or `{name:regex}`, whose regex may hold braces; -1 where the braces hold no name. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const letter = text[at];
    if (letter === '/') return -1;
    if (letter === '{') depth++;
    if (letter === '}' && --depth === 0) return at > open + 1 && text[open + 1] !== ':' ? at : -1;
  }
  return -1;
}
