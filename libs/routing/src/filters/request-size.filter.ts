import { Injectable } from '@nestjs/common';
import { SizeBytes } from '@tigateway/model';
import { Min } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { HeaderList } from '../exchange/header-list.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText, Unquoted } from './filter-text.js';

export class RequestSizeArgs {
  @SizeBytes({ key: 'maxSize', about: 'How large a body may say that it is, in Content-Length.' })
  @Min(1)
  maxSizeBytes = 5_000_000;
}

@Injectable()
export class RequestSizeFilterFactory implements FilterFactory<RequestSizeArgs> {
  readonly name = 'RequestSize';
  readonly args = RequestSizeArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['maxSize'] };
  readonly isShared = true;
  readonly about = 'Answers 413 to a request whose Content-Length is too large; chunked bodies are not limited.';
  readonly example = 'RequestSize=5MB';

  compile({ maxSizeBytes }: RequestSizeArgs): GatewayFilter {
    return new RequestSize(maxSizeBytes);
  }
}

class RequestSize implements GatewayFilter {
  constructor(private readonly maxSizeBytes: number) {}

  onRequest(exchange: Exchange): void {
    const sizeBytes = Number(exchange.request.headers.get('content-length') ?? 0);
    if (sizeBytes <= this.maxSizeBytes) return;
    const message = `Request size is larger than permissible limit. Request size is ${readable(sizeBytes)} where permissible limit is ${readable(this.maxSizeBytes)}`;
    exchange.answer({ status: 413, headers: new HeaderList(['errorMessage', message]) });
  }

  toString(): string {
    return filterText('RequestSize', [['max', new Unquoted(`${this.maxSizeBytes}B`)]]);
  }
}

/** In units of 1000, as Spring writes this one message. */
function readable(bytes: number): string {
  let size = bytes;
  let unit = '';
  for (const next of 'kMGTPE') {
    if (size < 1_000) break;
    size /= 1_000;
    unit = next;
  }
  return unit === '' ? `${bytes} B` : `${size.toFixed(1)} ${unit}B`;
}
