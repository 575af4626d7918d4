import { Controller, Get, Inject } from '@nestjs/common';
import { Freshness } from '@tigateway/observability';
import { BreakerBoard, type BreakerFacts } from '@tigateway/proxy';

/** Spring Boot's `circuitbreakers`: each breaker that has been asked. Those of one name on several routes are told apart. */
@Controller('actuator/circuitbreakers')
export class CircuitBreakersController {
  constructor(
    @Inject(BreakerBoard) private readonly breakers: BreakerBoard,
    @Inject(Freshness) private readonly freshness: Freshness,
  ) {}

  @Get()
  async all(): Promise<{ circuitBreakers: Record<string, unknown> }> {
    await this.freshness.refresh();
    const { all: known } = this.breakers;
    const uses = new Map<string, number>();
    for (const { name } of known) uses.set(name, (uses.get(name) ?? 0) + 1);
    const shown = new Map<string, unknown>();
    for (const each of known) {
      const key = uses.get(each.name) === 1 ? each.name : `${each.name} (${each.routeId})`;
      let free = key;
      for (let count = 2; shown.has(free); count++) free = `${key} ${count}`;
      shown.set(free, factsOf(each));
    }
    return { circuitBreakers: Object.fromEntries(shown) };
  }
}

function factsOf(facts: BreakerFacts): Record<string, unknown> {
  const { routeId, state, states, failurePercent, thresholdPercent, calls, failedCalls, refused } = facts;
  return {
    routeId,
    state,
    ...(states && { states }),
    failureRate: `${failurePercent.toFixed(1)}%`,
    failureRateThreshold: `${thresholdPercent.toFixed(1)}%`,
    bufferedCalls: calls,
    failedCalls,
    notPermittedCalls: refused,
  };
}
