import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { ExchangeError } from '../exchange/exchange-error.js';
import { UriTemplate } from '../patterns/uri-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';

const HOST = /^[\w\-.~!$&'()*+,;=%:[\]]+$/;

export class SetRequestHostHeaderArgs {
  @Text({ template: true, about: 'The Host header; `{name}` is replaced by the URI variable.' })
  @IsNotEmpty()
  host!: string;
}

@Injectable()
export class SetRequestHostHeaderFilterFactory implements FilterFactory<SetRequestHostHeaderArgs> {
  readonly name = 'SetRequestHostHeader';
  readonly args = SetRequestHostHeaderArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['host'] };
  readonly isShared = true;
  readonly about = 'Sends this Host header upstream.';
  readonly example = 'SetRequestHostHeader=example.org';

  compile({ host }: SetRequestHostHeaderArgs): GatewayFilter {
    const template = UriTemplate.parse(host);
    template.mapLiterals((literal) => {
      if (literal !== '' && !HOST.test(literal)) throw new ComponentError('host', `"${host}" is no host`);
      return literal;
    });
    return new SetRequestHostHeader(template);
  }
}

class SetRequestHostHeader implements GatewayFilter {
  constructor(private readonly host: UriTemplate) {}

  get variables(): readonly string[] {
    return this.host.variables;
  }

  onRequest(exchange: Exchange): void {
    const host = this.host.expand(exchange.variables);
    if (!HOST.test(host)) throw new ExchangeError(400, 'the path holds what no host can');
    exchange.request.headers.set('Host', host);
    exchange.preservesHost = true;
  }

  toString(): string {
    return `[SetRequestHostHeader '${this.host.text}']`;
  }
}
