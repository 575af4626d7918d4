import { Injectable } from '@nestjs/common';
import { Text } from '@tigateway/model';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { headerBytes, withoutControls } from '../exchange/header-syntax.js';
import { IsHeaderName } from '../exchange/is-header-name.js';
import { FALLBACK_CAUSE, type FallbackCause } from './fallback-cause.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText } from './filter-text.js';

export class FallbackHeadersArgs {
  @Text({ about: 'The header for the error’s type.' })
  @IsHeaderName()
  executionExceptionTypeHeaderName = 'Execution-Exception-Type';

  @Text({ about: 'The header for its message.' })
  @IsHeaderName()
  executionExceptionMessageHeaderName = 'Execution-Exception-Message';

  @Text({ about: 'The header for the type of the error that caused it.' })
  @IsHeaderName()
  rootCauseExceptionTypeHeaderName = 'Root-Cause-Exception-Type';

  @Text({ about: 'The header for that one’s message.' })
  @IsHeaderName()
  rootCauseExceptionMessageHeaderName = 'Root-Cause-Exception-Message';
}

@Injectable()
export class FallbackHeadersFilterFactory implements FilterFactory<FallbackHeadersArgs> {
  readonly name = 'FallbackHeaders';
  readonly args = FallbackHeadersArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: [] };
  readonly isShared = true;
  readonly about = 'On the route that a circuit breaker falls back to: tells the upstream what went wrong.';
  readonly example = 'FallbackHeaders';

  compile(args: FallbackHeadersArgs): GatewayFilter {
    return new FallbackHeaders(args);
  }
}

class FallbackHeaders implements GatewayFilter {
  constructor(private readonly args: FallbackHeadersArgs) {}

  onRequest(exchange: Exchange): void {
    const cause = exchange.attribute<FallbackCause>(FALLBACK_CAUSE);
    if (cause === undefined) return;
    const { headers } = exchange.request;
    const { args } = this;
    headers.set(args.executionExceptionTypeHeaderName, oneLine(cause.type));
    headers.set(args.executionExceptionMessageHeaderName, oneLine(cause.message));
    headers.set(args.rootCauseExceptionTypeHeaderName, oneLine(cause.rootType));
    headers.set(args.rootCauseExceptionMessageHeaderName, oneLine(cause.rootMessage));
  }

  toString(): string {
    return filterText('FallbackHeaders');
  }
}

function oneLine(text = ''): string {
  return headerBytes(withoutControls(text));
}
