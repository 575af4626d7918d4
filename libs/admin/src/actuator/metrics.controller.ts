import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ListOf } from '@tigateway/model';
import { Freshness } from '@tigateway/observability';
import { register } from 'prom-client';
import { QueryOf } from '../http/query.js';
import { HttpProblem, MALFORMED_REQUEST, NOT_FOUND } from '../problem/http-problem.js';
import { type ActuatorMetric, dottedName, measured, type Tag } from './actuator-metric.js';

class MetricQuery {
  /** `name:value`; several must all hold. */
  @ListOf({ kind: 'text' }, { splitsCommas: false }) tag: string[] = [];
}

/** The process's metrics one by one, in Spring's shape. */
@Controller('actuator/metrics')
export class MetricsController {
  constructor(@Inject(Freshness) private readonly freshness: Freshness) {}

  @Get()
  names(): { names: string[] } {
    const names = register.getMetricsAsArray().map(({ name }) => dottedName(name));
    return { names: names.sort() };
  }

  @Get(':name')
  async metric(@Param('name') name: string, @QueryOf(MetricQuery) { tag }: MetricQuery): Promise<ActuatorMetric> {
    const known = register.getMetricsAsArray().find((each) => dottedName(each.name) === dottedName(name));
    const metric = known && register.getSingleMetric(known.name);
    await this.freshness.refresh();
    const found = metric && measured(await metric.get(), tag.map(tagOf));
    if (!found) throw new HttpProblem(NOT_FOUND, `there is no metric "${name}" with these tags`);
    return found;
  }
}

function tagOf(text: string): Tag {
  const colon = text.indexOf(':');
  if (colon <= 0) throw new HttpProblem(MALFORMED_REQUEST, 'a tag is name:value');
  return { name: text.slice(0, colon), value: text.slice(colon + 1) };
}
