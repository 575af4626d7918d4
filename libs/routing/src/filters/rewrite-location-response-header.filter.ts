import { Injectable } from '@nestjs/common';
import { Choice, Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { IsHeaderName } from '../exchange/is-header-name.js';
import { headerConstant } from '../patterns/header-template.js';
import { JavaRegex } from '../patterns/java-regex.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText, Unquoted } from './filter-text.js';

const STRIP_VERSIONS = ['NEVER_STRIP', 'AS_IN_REQUEST', 'ALWAYS_STRIP'] as const;
type StripVersion = (typeof STRIP_VERSIONS)[number];

export class RewriteLocationResponseHeaderArgs {
  @Choice(STRIP_VERSIONS, {
    about: 'Whether `/v1` after the host goes; AS_IN_REQUEST: where the request path has none.',
  })
  stripVersion: StripVersion = 'AS_IN_REQUEST';

  @Text({ about: 'The header that holds the location.' })
  @IsHeaderName()
  locationHeaderName = 'Location';

  @Text({ optional: true, about: 'The host (and port) that comes in; absent: the request’s Host header.' })
  @IsNotEmpty()
  hostValue?: string;

  @Text({ about: 'The schemes whose locations are rewritten, as a regular expression.' })
  @IsNotEmpty()
  protocols = 'https?|ftps?';
}

@Injectable()
export class RewriteLocationResponseHeaderFilterFactory implements FilterFactory<RewriteLocationResponseHeaderArgs> {
  readonly name = 'RewriteLocationResponseHeader';
  readonly args = RewriteLocationResponseHeaderArgs;
  readonly shortcut: Shortcut = {
    kind: 'fields',
    names: ['stripVersion', 'locationHeaderName', 'hostValue', 'protocols'],
  };
  readonly isShared = true;
  readonly about = 'Puts the host that the client knows into the Location of the response.';
  readonly example = 'RewriteLocationResponseHeader=AS_IN_REQUEST,Location,api.example.org';

  compile(args: RewriteLocationResponseHeaderArgs): GatewayFilter {
    const host = args.hostValue === undefined ? undefined : headerConstant(args.hostValue, 'hostValue');
    return new RewriteLocationResponseHeader(args, host, JavaRegex.compile(args.protocols, { argument: 'protocols' }));
  }
}

class RewriteLocationResponseHeader implements GatewayFilter {
  constructor(
    private readonly args: RewriteLocationResponseHeaderArgs,
    private readonly host: string | undefined,
    private readonly protocols: JavaRegex,
  ) {}

  onResponse({ request, response: { headers } }: Exchange): void {
    const header = this.args.locationHeaderName;
    const location = headers.get(header);
    const host = this.host ?? request.headers.get('host');
    if (location === undefined || host === undefined) return;
    const cut = location.indexOf('://');
    if (cut < 0 || !this.protocols.fullMatch(location.slice(0, cut))) return;
    const rest = location.slice(cut + 3);
    const authority = (this.stripsVersion(request.path) ? HOST_AND_VERSION : HOST).exec(rest)?.[0];
    if (authority === undefined) return;
    headers.set(header, `${location.slice(0, cut + 3)}${host}${rest.slice(authority.length)}`);
  }

  toString(): string {
    const { stripVersion, locationHeaderName, hostValue, protocols } = this.args;
    return filterText('RewriteLocationResponseHeader', [
      ['stripVersion', new Unquoted(stripVersion)],
      ['locationHeaderName', locationHeaderName],
      ['hostValue', hostValue],
      ['protocols', protocols],
    ]);
  }

  private stripsVersion(path: string): boolean {
    const { stripVersion } = this.args;
    return stripVersion === 'ALWAYS_STRIP' || (stripVersion === 'AS_IN_REQUEST' && !/^\/v\d+\//.test(path));
  }
}

const HOST = /^[^:/]+(?::\d+)?(?=\/)/;
const HOST_AND_VERSION = /^[^:/]+(?::\d+)?(?:\/v\d+)?(?=\/)/;
