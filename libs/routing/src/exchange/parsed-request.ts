import { parseQuery } from '../patterns/query-string.js';
import type { GatewayRequest } from './exchange.js';

type Values = readonly (string | undefined)[];
const NONE: Values = [];

/** What predicates read out of a request's query and cookies: parsed when first asked, once for all routes that ask. */
export class ParsedRequest {
  private query: { readonly raw: string; readonly values: ReadonlyMap<string, Values> } | undefined;
  private cookies: { readonly raw: string; readonly values: ReadonlyMap<string, Values> } | undefined;

  private constructor(private readonly request: GatewayRequest) {}

  static of(request: GatewayRequest): ParsedRequest {
    return (request.parsed ??= new ParsedRequest(request));
  }

  /** The decoded values of a query parameter, `undefined` for one without `=`; the name is exact. Empty: not there. */
  parameter(name: string): Values {
    const raw = this.request.query ?? '';
    if (raw === '') return NONE;
    if (this.query?.raw !== raw) {
      this.query = { raw, values: grouped(parseQuery(raw).map((each) => [each.name, each.value])) };
    }
    return this.query.values.get(name) ?? NONE;
  }

  /** The values of the cookies of exactly that name, without the quotes around them. */
  cookie(name: string): Values {
    const raw = this.request.headers.getAll('cookie').join(';');
    if (raw === '') return NONE;
    if (this.cookies?.raw !== raw) this.cookies = { raw, values: grouped(cookiesOf(raw)) };
    return this.cookies.values.get(name) ?? NONE;
  }
}

type Pair = readonly [name: string, value: string | undefined];

function grouped(pairs: readonly Pair[]): ReadonlyMap<string, Values> {
  const values = new Map<string, (string | undefined)[]>();
  for (const [name, value] of pairs) {
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return values;
}

function cookiesOf(header: string): Pair[] {
  const pairs: Pair[] = [];
  for (const piece of header.split(';')) {
    const cut = piece.indexOf('=');
    const name = piece.slice(0, Math.max(cut, 0)).trim();
    if (name === '') continue;
    const value = piece.slice(cut + 1).trim();
    pairs.push([name, value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value]);
  }
  return pairs;
}
