import { Injectable } from '@nestjs/common';
import { HttpStatus } from '@tigateway/model';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class SetStatusArgs {
  @HttpStatus({ about: 'A status: its number, also one without a name, or its name.' })
  status!: number;
}

@Injectable()
export class SetStatusFilterFactory implements FilterFactory<SetStatusArgs> {
  readonly name = 'SetStatus';
  readonly args = SetStatusArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['status'] };
  readonly isShared = true;
  readonly about = 'Gives the response another status.';
  readonly example = 'SetStatus=NOT_FOUND';

  compile({ status }: SetStatusArgs): GatewayFilter {
    return new SetStatus(status);
  }
}

class SetStatus implements GatewayFilter {
  constructor(private readonly status: number) {}

  onResponse({ response, globals }: Exchange): void {
    const { originalStatusHeaderName } = globals.setStatus;
    if (originalStatusHeaderName !== undefined) response.headers.set(originalStatusHeaderName, `[${response.status}]`);
    response.status = this.status;
    response.reason = '';
  }

  toString(): string {
    return filterText('SetStatus', [['status', String(this.status)]]);
  }
}
