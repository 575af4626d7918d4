import { register } from 'prom-client';
import { expect, it } from 'vitest';
import { isSlicedMetric } from './sliced-metric.js';
import { StoreMetrics } from './store-metrics.js';

it.each([true, false])('shows whether the store can be followed: %s', async (isUp) => {
  new StoreMetrics().follow(() => isUp);
  const metric = register.getSingleMetric('tigateway_store_up');
  if (metric === undefined || !isSlicedMetric(metric)) throw new Error('not registered');
  expect((await metric.slicedText()).split('\n')).toContain(`tigateway_store_up{} ${Number(isUp)}`);
});
