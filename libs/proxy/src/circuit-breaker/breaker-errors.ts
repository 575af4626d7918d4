import { statusName } from '@tigateway/model';
import { ExchangeError } from '@tigateway/routing';
import { CALL_NOT_PERMITTED_EXCEPTION, type NamedInJava, TIME_LIMIT_EXCEPTION } from '../gateway/java-exception.js';

export class CallNotPermittedError extends ExchangeError implements NamedInJava {
  readonly javaClass = CALL_NOT_PERMITTED_EXCEPTION;

  constructor(name: string, state: string) {
    super(503, `CircuitBreaker '${name}' is ${state} and does not permit further calls`);
  }
}

export class TimeLimitError extends ExchangeError implements NamedInJava {
  readonly javaClass = TIME_LIMIT_EXCEPTION;

  constructor(name: string, timeoutMs: number) {
    super(504, `no response within ${timeoutMs}ms in '${name}'`);
  }
}

/** The upstream answered with a status that the breaker takes for a failure. */
export class ListedStatusError extends Error implements NamedInJava {
  readonly javaClass =
    'org.springframework.cloud.gateway.filter.factory.SpringCloudCircuitBreakerFilterFactory$CircuitBreakerStatusCodeException';

  constructor(status: number) {
    super(`${status} ${statusName(status)}`);
  }
}
