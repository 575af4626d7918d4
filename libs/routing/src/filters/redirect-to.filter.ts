import { Injectable } from '@nestjs/common';
import { Flag, HttpStatus, Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { HeaderList } from '../exchange/header-list.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class RedirectToArgs {
  @HttpStatus({ about: 'A 3xx status.' })
  status!: number;

  @Text({ about: 'Where to, as it goes into the Location header.' })
  @IsNotEmpty()
  url!: string;

  @Flag({ about: 'The request’s query is added to the URL’s own.' })
  includeRequestParams = false;
}

@Injectable()
export class RedirectToFilterFactory implements FilterFactory<RedirectToArgs> {
  readonly name = 'RedirectTo';
  readonly args = RedirectToArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['status', 'url', 'includeRequestParams'] };
  readonly isShared = true;
  readonly about = 'Answers with a redirect; nothing is proxied.';
  readonly example = 'RedirectTo=302,https://acme.org';

  compile({ status, url, includeRequestParams }: RedirectToArgs): GatewayFilter {
    if (status < 300 || status > 399) {
      throw new ComponentError('status', `status must be a 3xx code, but was ${status}`);
    }
    // A relative reference is a URI too; what else is wrong with it, the URL parser finds.
    if (!/^[!#$%&'()*+,\-./0-9:;=?@A-Z[\]_a-z~]+$/.test(url) || !URL.canParse(url, 'http://localhost')) {
      throw new ComponentError('url', `"${url}" is not a valid URI`);
    }
    return new RedirectTo(status, url, includeRequestParams);
  }
}

class RedirectTo implements GatewayFilter {
  constructor(
    private readonly status: number,
    private readonly url: string,
    private readonly includeRequestParams: boolean,
  ) {}

  onRequest(exchange: Exchange): void {
    const query = this.includeRequestParams ? exchange.request.query : undefined;
    const location = query ? withQuery(this.url, query) : this.url;
    exchange.answer({ status: this.status, headers: new HeaderList(['Location', location]) });
  }

  toString(): string {
    return filterText('RedirectTo', [
      [String(this.status), this.url],
      ['includeRequestParams', this.includeRequestParams],
    ]);
  }
}

function withQuery(url: string, query: string): string {
  const hash = url.indexOf('#');
  const [head, fragment] = hash < 0 ? [url, ''] : [url.slice(0, hash), url.slice(hash)];
  return `${head}${head.includes('?') ? '&' : '?'}${query}${fragment}`;
}
