import { ComponentError } from '../compiler/component.js';
import type { UriVariables } from '../exchange/exchange.js';
import { ExchangeError } from '../exchange/exchange-error.js';
import { UriTemplate } from './uri-template.js';

/** A path with URI variables in it, percent-encoded as it is expanded: `/{segment}` of `a b` is `/a%20b`. */
export class PathTemplate {
  private constructor(private readonly template: UriTemplate) {}

  /** @throws ComponentError for a query or fragment, or a path that cannot start with `/` */
  static parse(text: string, argument: string): PathTemplate {
    const template = UriTemplate.parse(text);
    // Variables are names, so what is left of the text is literal.
    template.mapLiterals((literal) => {
      if (/[?#]/.test(literal)) throw new ComponentError(argument, `"${text}" is a path; it cannot hold "?" or "#"`);
      return literal;
    });
    if (!/^[/{]/.test(text) || (template.isConstant && !text.startsWith('/'))) {
      throw new ComponentError(argument, `"${text}" must start with "/"`);
    }
    return new PathTemplate(template.mapLiterals(encodePath));
  }

  get variables(): readonly string[] {
    return this.template.variables;
  }

  /**
   * @throws ExchangeError 500 where the path would not start with `/`, 400 where a client's variable brings in `.` or `..` as
   * a segment and so leaves the place that the template fixes
   */
  expand(values: UriVariables): string {
    const path = this.template.expand(values, encodePath);
    if (this.template.isConstant) return path;
    if (!path.startsWith('/'))
      throw new ExchangeError(500, `the path made of "${this.template.text}" does not start with "/"`);
    return keptInPlace(path);
  }

  /** The text as it was written. */
  toString(): string {
    return this.template.text;
  }
}

/** @throws ExchangeError (400) for a path with `.` or `..` as a segment, brought in by a client's variable */
export function keptInPlace(path: string): string {
  if (/\/\.\.?(?:\/|$)/.test(path)) throw new ExchangeError(400, 'the path leads out of its place');
  return path;
}

/** Percent-encodes what a path cannot hold, `%` too. */
export function encodePath(text: string): string {
  if (/^[\w\-.~!$&'()*+,;=:@/]*$/.test(text)) return text;
  return encodeURI(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(/[?#[\]]/g, encodeURIComponent);
}
