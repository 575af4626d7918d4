import { Choice, DurationMs, Flag, HttpStatus, Int, MapOf, Text } from '@tigateway/model';
import { IsNotEmpty, Max, Min } from 'class-validator';

/** The Redis that gateways share their rate limits by. */
export class RedisConnectionSettings {
  @Text() @IsNotEmpty() host = '127.0.0.1';
  @Int() @Min(1) @Max(65_535) port = 6379;
  @Text() username = '';
  @Text() password = '';
  @Int() @Min(0) database = 0;
  @Flag() tls = false;
  @DurationMs({ key: 'connect-timeout' }) @Min(1) connectTimeoutMs = 2_000;
  /** No request waits longer for its verdict, in milliseconds. */
  @DurationMs({ key: 'command-timeout' }) @Min(1) commandTimeoutMs = 200;
}

export class RateLimiterSettings {
  /** `memory`: each process limits by itself; `redis`: all that share it, together. */
  @Choice(['memory', 'redis']) backend: 'memory' | 'redis' = 'memory';
  /** Where Redis cannot be asked: `true` allows everything, `false` answers 503. */
  @Flag() failOpen = true;
  /** For limiters that do not say it themselves. */
  @Flag() denyEmptyKey = true;
  @HttpStatus() emptyKeyStatusCode = 403;
  /** By name, for `#{@name}`: `header:X-User-Id`, `cookie:session`, `query:key`, `principal`, `remote-addr`. */
  @MapOf({ kind: 'text' }) keyResolvers: Record<string, string> = {};
  @Flag() includeHeaders = true;
  @Text() @IsNotEmpty() remainingHeader = 'X-RateLimit-Remaining';
  @Text() @IsNotEmpty() replenishRateHeader = 'X-RateLimit-Replenish-Rate';
  @Text() @IsNotEmpty() burstCapacityHeader = 'X-RateLimit-Burst-Capacity';
  @Text() @IsNotEmpty() requestedTokensHeader = 'X-RateLimit-Requested-Tokens';
}
