import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import { ComponentError, type Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { TargetUriTemplate } from '../patterns/target-uri.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';
import { AFTER_ROUTE_URI, sendTo } from './request-uri.js';

export class SetRequestUriArgs {
  @Text({ template: true, about: 'The whole URI; `{name}` is replaced by the URI variable.' })
  @IsNotEmpty()
  template!: string;
}

@Injectable()
export class SetRequestUriFilterFactory implements FilterFactory<SetRequestUriArgs> {
  readonly name = 'SetRequestUri';
  readonly args = SetRequestUriArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['template'] };
  readonly isShared = true;
  readonly about =
    'Sends the request to another URI, its path and query included; of an lb URI the service alone counts.';
  readonly example = 'SetRequestUri=https://{tenant}.example.org/api';

  compile({ template }: SetRequestUriArgs): GatewayFilter {
    const parsed = TargetUriTemplate.parse(template);
    if (!parsed) throw new ComponentError('template', `"${template}" is no absolute http, https, ws, wss or lb URI`);
    return new SetRequestUri(parsed);
  }
}

class SetRequestUri implements GatewayFilter {
  readonly order = AFTER_ROUTE_URI;

  constructor(private readonly template: TargetUriTemplate) {}

  get variables(): readonly string[] {
    return this.template.variables;
  }

  /** Where the variables make no URI, the route's own stays. */
  onRequest(exchange: Exchange): void {
    sendTo(exchange, this.template.expand(exchange.variables));
  }

  toString(): string {
    return filterText('SetRequestUri', [['template', this.template.text]]);
  }
}
