import { SizeBytes, Text } from '@tigateway/model';
import {
  ComponentError,
  type Exchange,
  type FilterFactory,
  filterText,
  type GatewayFilter,
  type Shortcut,
} from '@tigateway/routing';
import { Min } from 'class-validator';
import { ProxiedExchange } from '../gateway/proxied-exchange.js';

/** Left on an exchange: its whole request body, a `Buffer`. */
export const CACHED_REQUEST_BODY = Symbol('cached request body');

/** What can be had without code. */
const BODY_CLASSES: ReadonlySet<string> = new Set(['java.lang.String', 'String', 'byte[]', '[B']);

export class CacheRequestBodyArgs {
  @Text({ key: 'bodyClass', about: 'What the body is read as: `java.lang.String` or `byte[]`.' })
  bodyClass!: string;

  @SizeBytes({ key: 'bufferLimit', about: 'A larger body is answered with 413.' })
  @Min(1)
  bufferLimitBytes = 262_144;
}

export class CacheRequestBodyFilterFactory implements FilterFactory<CacheRequestBodyArgs> {
  readonly name = 'CacheRequestBody';
  readonly args = CacheRequestBodyArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['bodyClass'] };
  readonly about = 'Reads the request body before the upstream is asked and leaves it for later filters.';
  readonly example = 'CacheRequestBody=java.lang.String';

  compile({ bodyClass, bufferLimitBytes }: CacheRequestBodyArgs): GatewayFilter {
    if (!BODY_CLASSES.has(bodyClass)) {
      const message = `"${bodyClass}" needs code, which configuration cannot carry; expected java.lang.String or byte[]`;
      throw new ComponentError('bodyClass', message);
    }
    return new CacheRequestBody(bodyClass, bufferLimitBytes);
  }
}

class CacheRequestBody implements GatewayFilter {
  constructor(
    private readonly bodyClass: string,
    private readonly bufferLimitBytes: number,
  ) {}

  onRequest(exchange: Exchange): void | Promise<void> {
    const proxied = ProxiedExchange.of(exchange);
    if (!proxied.hasRequestBody || proxied.isUpgrade || exchange.attribute(CACHED_REQUEST_BODY) !== undefined) return;
    return proxied
      .readRequestBody(this.bufferLimitBytes)
      .then((body) => exchange.setAttribute(CACHED_REQUEST_BODY, body));
  }

  toString(): string {
    return filterText('CacheRequestBody', [['bodyClass', this.bodyClass]]);
  }
}
