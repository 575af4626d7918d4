import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import { IsNotEmpty } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { PathTemplate } from '../patterns/path-template.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class SetPathArgs {
  @Text({
    template: true,
    about: 'The new path; `{name}` is replaced by the URI variable, `{rest}` of `{*rest}` brings its own `/`.',
  })
  @IsNotEmpty()
  template!: string;
}

@Injectable()
export class SetPathFilterFactory implements FilterFactory<SetPathArgs> {
  readonly name = 'SetPath';
  readonly args = SetPathArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['template'] };
  readonly isShared = true;
  readonly about = 'Replaces the path, keeps the query.';
  readonly example = 'SetPath=/{segment}';

  compile({ template }: SetPathArgs): GatewayFilter {
    return new SetPath(PathTemplate.parse(template, 'template'));
  }
}

class SetPath implements GatewayFilter {
  constructor(private readonly template: PathTemplate) {}

  get variables(): readonly string[] {
    return this.template.variables;
  }

  onRequest(exchange: Exchange): void {
    exchange.rewritePath(this.template.expand(exchange.variables));
  }

  toString(): string {
    return filterText('SetPath', [['template', String(this.template)]]);
  }
}
