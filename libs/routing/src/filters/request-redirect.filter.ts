import { Injectable } from '@nestjs/common';
import { Choice, HttpStatus, Int, Text } from '@tigateway/model';
import { Matches, Max, Min } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange, GatewayRequest } from '../exchange/exchange.js';
import { HeaderList } from '../exchange/header-list.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { pathArgument, replacePath } from './replace-path.filter.js';

const DEFAULT_PORTS = { http: 80, https: 443 };

export class RequestRedirectArgs {
  @HttpStatus({ about: 'A 3xx status.' })
  status = 302;

  @Choice(['http', 'https'], { optional: true, about: 'Absent: the request’s own.' })
  scheme?: 'http' | 'https';

  @Text({ optional: true, about: 'Absent: the request’s own.' })
  @Matches(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i, { message: '$property must be the name of a host' })
  host?: string;

  @Int({ optional: true, about: 'Absent: with `scheme` the one of that scheme, else the request’s own.' })
  @Min(1)
  @Max(65_535)
  port?: number;

  @Text({ optional: true, about: 'As in `ReplacePath`; absent: the request’s own path.' })
  path?: string;

  @Int({ optional: true, about: 'How many leading segments `path` takes the place of; absent: of all.' })
  @Min(0)
  parts?: number;
}

/** `RequestRedirect` of the Gateway API: what is not said stays as the client asked for it. */
@Injectable()
export class RequestRedirectFilterFactory implements FilterFactory<RequestRedirectArgs> {
  readonly name = 'RequestRedirect';
  readonly args = RequestRedirectArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['status', 'scheme', 'host', 'port', 'path', 'parts'] };
  readonly isShared = true;
  readonly about = 'Answers with a redirect to the request’s own URL, changed in the parts that are given.';
  readonly example = 'RequestRedirect=301,https';

  compile(args: RequestRedirectArgs): GatewayFilter {
    const { status, path, parts } = args;
    if (status < 300 || status > 399) {
      throw new ComponentError('status', `status must be a 3xx code, but was ${status}`);
    }
    if (path === undefined && parts !== undefined) throw new ComponentError('parts', 'parts needs path');
    pathArgument(path ?? '', 'path');
    return new RequestRedirect(args);
  }
}

class RequestRedirect implements GatewayFilter {
  constructor(private readonly args: RequestRedirectArgs) {}

  onRequest(exchange: Exchange): void {
    const { status, scheme = exchange.request.scheme } = this.args;
    const own = hostOf(exchange.request);
    const port = this.args.port ?? (this.args.scheme === undefined ? own.port : undefined);
    const authority = port === undefined || port === DEFAULT_PORTS[scheme] ? '' : `:${port}`;
    const query = exchange.request.query === undefined ? '' : `?${exchange.request.query}`;
    const location = `${scheme}://${this.args.host ?? own.name}${authority}${this.pathOf(exchange.request)}${query}`;
    exchange.answer({ status, headers: new HeaderList(['Location', location]) });
  }

  private pathOf({ path }: GatewayRequest): string {
    return this.args.path === undefined ? path : replacePath(path, this.args.path, this.args.parts);
  }

  toString(): string {
    const { status, scheme, host, port, path, parts } = this.args;
    const fields = Object.entries({ scheme, host, port, path, parts }).filter(([, value]) => value !== undefined);
    return filterText('RequestRedirect', [['status', status], ...fields]);
  }
}

/** An IPv6 address keeps its brackets. */
function hostOf({ headers }: GatewayRequest): { readonly name: string; readonly port: number | undefined } {
  const [, name = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(headers.get('host') ?? '') ?? [];
  return { name, port: port === undefined ? undefined : Number(port) };
}
