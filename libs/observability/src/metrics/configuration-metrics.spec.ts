import { Test } from '@nestjs/testing';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { ObservabilityModule } from '../observability.module.js';
import { ConfigurationMetrics } from './configuration-metrics.js';

async function configurationMetrics(): Promise<ConfigurationMetrics> {
  const application = await Test.createTestingModule({ imports: [ObservabilityModule] }).compile();
  return application.get(ConfigurationMetrics);
}

describe('ConfigurationMetrics', () => {
  beforeEach(() => register.resetMetrics());

  it('counts under the names and labels that the documentation promises', async () => {
    const metrics = await configurationMetrics();
    metrics.recordConfigurationUpdate('route', 'users', true);
    metrics.recordConfigurationUpdate('route', 'users', false);
    metrics.recordConfigurationDelete('filter', 'header', true);
    metrics.recordConfigurationUpdateLatency(4);
    metrics.updateConfigurationCount('route', 7);
    metrics.recordRollback('auto');
    metrics.recordRejected('file');
    metrics.setSourceUp('file', false);

    expect((await register.metrics()).split('\n')).toEqual(
      expect.arrayContaining([
        'tigateway_configuration_updates_total{configType="route",configId="users",success="true"} 1',
        'tigateway_configuration_updates_total{configType="route",configId="users",success="false"} 1',
        'tigateway_configuration_deletes_total{configType="filter",configId="header",success="true"} 1',
        'tigateway_configuration_update_duration_seconds_bucket{le="0.005"} 1',
        'tigateway_configuration_count{configType="route"} 7',
        'tigateway_configuration_rollbacks_total{trigger="auto"} 1',
        'tigateway_configuration_rejected_total{source="file"} 1',
        'tigateway_configuration_source_up{source="file"} 0',
      ]),
    );
  });

  it('keeps 1,000 ids apart and counts the rest as one', async () => {
    const metrics = await configurationMetrics();
    for (let id = 0; id < 1_005; id++) metrics.recordConfigurationUpdate('route', `route-${id}`, true);
    metrics.recordConfigurationUpdate('route', 'route-3', true);

    const updates = (await register.metrics()).split('\n').filter((line) => line.includes('updates_total{'));
    expect(updates).toHaveLength(1_001);
    expect(updates).toContain(
      'tigateway_configuration_updates_total{configType="route",configId="other",success="true"} 5',
    );
    expect(updates).toContain(
      'tigateway_configuration_updates_total{configType="route",configId="route-3",success="true"} 2',
    );
  });
});
