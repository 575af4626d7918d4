import { Flag, type GlobalSettingsSchema, HttpStatus, Text } from '@tigateway/model';
import { Matches } from 'class-validator';
import { HEADER_NAME } from '../exchange/header-syntax.js';
import { unwrapped } from './unwrapped.js';

const IsHeader = (): PropertyDecorator => Matches(HEADER_NAME, { message: '$property must be the name of a header' });

/**
 * Of limiters that do not say it themselves: Spring's `filter.request-rate-limiter`. What is left out here is as the bootstrap
 * file says; likewise below.
 */
export class RequestRateLimiterSettings {
  @Flag({ optional: true, about: 'Refuse a request without a key; else it is not limited.' })
  denyEmptyKey?: boolean;

  @HttpStatus({ optional: true, about: 'Answers a request without a key.' })
  emptyKeyStatusCode?: number;
}

/** What a client is told of its limit: Spring's `redis-rate-limiter`. */
export class RateLimiterHeaderSettings {
  @Flag({ optional: true }) includeHeaders?: boolean;
  @Text({ optional: true }) @IsHeader() remainingHeader?: string;
  @Text({ optional: true }) @IsHeader() replenishRateHeader?: string;
  @Text({ optional: true }) @IsHeader() burstCapacityHeader?: string;
  @Text({ optional: true }) @IsHeader() requestedTokensHeader?: string;
}

export const REQUEST_RATE_LIMITER_SETTINGS: GlobalSettingsSchema<RequestRateLimiterSettings> = {
  configId: 'request-rate-limiter',
  type: RequestRateLimiterSettings,
  unwrap: (configuration) => unwrapped(configuration, 'request-rate-limiter'),
};

export const REDIS_RATE_LIMITER_SETTINGS: GlobalSettingsSchema<RateLimiterHeaderSettings> = {
  configId: 'redis-rate-limiter',
  type: RateLimiterHeaderSettings,
  unwrap: (configuration) => unwrapped(configuration, 'redis-rate-limiter'),
};
