import { Injectable, Optional } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { GatewayRequest } from '../exchange/exchange.js';
import { type ApiVersion, ApiVersionSource, compareApiVersions, parseApiVersion } from './api-version.js';
import type { PredicateFactory, RoutePredicate } from './predicate-factory.js';

export class VersionArgs {
  @Text({ about: 'The version, `1.3`; with a `+` behind it that one and all later ones.' })
  @IsNotEmpty()
  version!: string;
}

@Injectable()
export class VersionPredicateFactory implements PredicateFactory<VersionArgs> {
  readonly name = 'Version';
  readonly args = VersionArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['version'] };
  readonly isShared = true;
  readonly about = 'The API version that the request names fits; a request that names none does.';
  readonly example = 'Version=1.1+';

  constructor(@Optional() private readonly source?: ApiVersionSource) {}

  compile({ version }: VersionArgs): RoutePredicate {
    const isBaseline = version.endsWith('+');
    const parsed = parseApiVersion(isBaseline ? version.slice(0, -1) : version);
    if (!parsed) throw new ComponentError('version', `"${version}" must be a version such as 1, 1.2, 1.2.3 or 1.2+`);
    return new VersionPredicate(version, parsed, isBaseline, this.source);
  }
}

class VersionPredicate implements RoutePredicate {
  constructor(
    private readonly text: string,
    private readonly version: ApiVersion,
    private readonly isBaseline: boolean,
    private readonly source: ApiVersionSource | undefined,
  ) {}

  matches(request: GatewayRequest): boolean {
    const named = this.source?.versionOf(request);
    if (named === undefined) return true;
    const version = parseApiVersion(named);
    if (version === undefined) return false;
    const difference = compareApiVersions(version, this.version);
    return this.isBaseline ? difference >= 0 : difference === 0;
  }

  toString(): string {
    return `Version: ${this.text}`;
  }
}
