import { Controller, Get, Inject, Res } from '@nestjs/common';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';
import { Freshness } from '../freshness.js';
import { isSlicedMetric } from './sliced-metric.js';

/** `GET /actuator/prometheus`: every metric of the registry as Prometheus text, one after the other. */
@Controller()
export class ActuatorPrometheusController extends PrometheusController {
  constructor(@Inject(Freshness) private readonly freshness: Freshness) {
    super();
  }

  @Get()
  override async index(@Res({ passthrough: true }) response: { header(name: string, value: string): unknown }) {
    response.header('Content-Type', register.contentType);
    await this.freshness.refresh();
    let text = '';
    for (const metric of register.getMetricsAsArray()) {
      text += isSlicedMetric(metric)
        ? await metric.slicedText()
        : `${await register.getSingleMetricAsString(metric.name)}\n`;
    }
    return text;
  }
}
