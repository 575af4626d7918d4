import type { CompileEnvironment } from '../compiler/compile-environment.js';
import { parseRouteUri } from '../compiler/route-uri.js';
import type { UriVariables } from '../exchange/exchange.js';
import type { RouteUri } from '../table/compiled-route.js';
import { encodePath, keptInPlace } from './path-template.js';
import { encodeStrictly } from './query-string.js';
import { UriTemplate } from './uri-template.js';

/** A whole URI that a request is sent to: where it leads, and the request line there. */
export interface TargetUri {
  readonly uri: RouteUri;
  /** Raw; absent where the request keeps its own (`lb:`, which names a service only). */
  readonly path: string | undefined;
  readonly query: string | undefined;
}

/** Which ports are the gateway's own is judged where connections are made, not for each request. */
const ANYWHERE: CompileEnvironment = { ownListeners: [] };
const PARTS = /^([^/?#]*\/\/[^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;

/** @returns `undefined` for what is no absolute http, https, ws, wss or lb URI */
export function parseTargetUri(text: string): TargetUri | undefined {
  const [, , path = '', query] = PARTS.exec(text) ?? [];
  if (/[^\w\-.~!$&'()*+,;=:@/?%[\]#]/.test(text)) return undefined;
  const uri = parseRouteUri(text, ANYWHERE, '', [], []);
  if (uri?.kind === 'balanced') return { uri, path: undefined, query: undefined };
  return uri?.kind === 'direct' ? { uri, path: path || '/', query } : undefined;
}

/**
 * A target URI with URI variables in it. What a client's variable brings in stays in the part of the URI where it stands: it
 * can neither end the host nor leave the path.
 */
export class TargetUriTemplate {
  private constructor(
    readonly text: string,
    private readonly authority: UriTemplate,
    private readonly path: UriTemplate,
    private readonly query: UriTemplate | undefined,
    private readonly constant: TargetUri | undefined,
  ) {}

  /** @returns `undefined` where nothing that the text can become is a target URI */
  static parse(text: string): TargetUriTemplate | undefined {
    const [, authority, path, query] = PARTS.exec(text) ?? [];
    if (authority === undefined || path === undefined) return undefined;
    const [authorityTemplate, pathTemplate] = [part(authority), part(path)];
    const queryTemplate = query === undefined ? undefined : part(query);
    const isConstant = [authorityTemplate, pathTemplate, queryTemplate].every((each) => each?.isConstant ?? true);
    const constant = isConstant ? parseTargetUri(text) : undefined;
    if (isConstant && constant === undefined) return undefined;
    return new TargetUriTemplate(text, authorityTemplate, pathTemplate, queryTemplate, constant);
  }

  get variables(): readonly string[] {
    return [this.authority, this.path, this.query].flatMap((each) => each?.variables ?? []);
  }

  /**
   * @returns `undefined` where the variables make it no target URI
   * @throws ExchangeError 400 where a variable brings in `.` or `..` as a segment, 500 for a variable that is not there
   */
  expand(values: UriVariables): TargetUri | undefined {
    if (this.constant !== undefined) return this.constant;
    let isName = true;
    const authority = this.authority.expand(values, (value) => {
      isName &&= /^[\w.~-]+$/.test(value);
      return value;
    });
    if (!isName) return undefined;
    const path = keptInPlace(this.path.expand(values, encodePath));
    const query = this.query?.expand(values, encodeStrictly);
    return parseTargetUri(query === undefined ? `${authority}${path}` : `${authority}${path}?${query}`);
  }
}

function part(text: string): UriTemplate {
  return UriTemplate.parse(text, { collapsesSlashes: false });
}
