import { Injectable } from '@nestjs/common';
import { SizeBytes, Text } from '@tigateway/model';
import { Min } from 'class-validator';
import type { Shortcut } from '../compiler/component.js';
import type { Exchange } from '../exchange/exchange.js';
import { HeaderList } from '../exchange/header-list.js';
import { IsHeaderName } from '../exchange/is-header-name.js';
import type { FilterFactory, GatewayFilter } from './filter-factory.js';
import { filterText, Unquoted } from './filter-text.js';

export class RequestHeaderSizeArgs {
  @SizeBytes({ key: 'maxSize', about: 'How large one header may be, its name and all its values together.' })
  @Min(0)
  maxSizeBytes = 16_000;

  @Text({ about: 'The response header that says which was too large.' })
  @IsHeaderName()
  errorHeaderName = 'errorMessage';
}

@Injectable()
export class RequestHeaderSizeFilterFactory implements FilterFactory<RequestHeaderSizeArgs> {
  readonly name = 'RequestHeaderSize';
  readonly args = RequestHeaderSizeArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['maxSize'] };
  readonly isShared = true;
  readonly about = 'Answers 431 to a request with a header that is too large.';
  readonly example = 'RequestHeaderSize=1000B';

  compile({ maxSizeBytes, errorHeaderName }: RequestHeaderSizeArgs): GatewayFilter {
    return new RequestHeaderSize(maxSizeBytes, errorHeaderName);
  }
}

class RequestHeaderSize implements GatewayFilter {
  constructor(
    private readonly maxSizeBytes: number,
    private readonly errorHeaderName: string,
  ) {}

  onRequest(exchange: Exchange): void {
    const tooLarge = [...headerSizes(exchange.request.headers)].filter(([, { bytes }]) => bytes > this.maxSizeBytes);
    if (tooLarge.length === 0) return;
    const named = tooLarge.map(([, { name, bytes }]) => ` Request Header/s size for '${name}' is ${bytes}B.`);
    const message = `Request Header/s size is larger than permissible limit (${this.maxSizeBytes}B).${named.join('')}`;
    exchange.answer({ status: 431, headers: new HeaderList([this.errorHeaderName, message]) });
  }

  toString(): string {
    return filterText('RequestHeaderSize', [['maxSize', new Unquoted(`${this.maxSizeBytes}B`)]]);
  }
}

/** By the header's name in lower case. A character of a header is a byte. */
function headerSizes({ raw }: HeaderList): ReadonlyMap<string, { readonly name: string; readonly bytes: number }> {
  const sizes = new Map<string, { name: string; bytes: number }>();
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const { length } = raw[at + 1] as string;
    const known = sizes.get(name.toLowerCase());
    if (known) known.bytes += length;
    else sizes.set(name.toLowerCase(), { name, bytes: name.length + length });
  }
  return sizes;
}
