import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, type INestApplicationContext, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Clock, type ConfigurationKey, hashOf, type Json } from '@tigateway/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { ConfigurationHistoryService } from './configuration-history.service.js';
import { ConfigurationStore } from './configuration-store.js';
import { HistoryModule } from './history.module.js';
import { VersionClock } from './version-clock.js';

@Global()
@Module({ providers: [{ provide: Clock, useValue: new FakeClock() }], exports: [Clock] })
class ClockModule {}

const KEY: ConfigurationKey = { configType: 'global', configId: 'notification' };

let directory: string;
let application: INestApplicationContext;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tigateway-history-'));
  const module = await Test.createTestingModule({
    imports: [ClockModule, HistoryModule.embedded({ directory: join(directory, 'data') })],
  }).compile();
  application = await module.init();
  await application.get(ConfigurationStore).open();
});

afterEach(async () => {
  await application.close();
  rmSync(directory, { recursive: true, force: true });
});

async function record(configuration: Json): Promise<string> {
  const version = application.get(VersionClock).mint();
  await application.get(ConfigurationStore).commit({
    versions: [
      {
        ...KEY,
        version,
        configuration,
        timestamp: '2026-01-01T00:00:00.000Z',
        hash: hashOf(configuration),
        operation: configuration === null ? 'delete' : 'update',
        source: 'api',
        actor: 'admin',
      },
    ],
  });
  return version;
}

describe('HistoryModule', () => {
  it('tells the history of a configuration, newest first', async () => {
    const history = application.get(ConfigurationHistoryService);
    const first = await record({ slack: { enabled: true } });
    const second = await record(null);
    expect((await history.history(KEY)).map(({ version }) => version)).toEqual([second, first]);
    expect(await history.history({ ...KEY, configId: 'metrics' })).toEqual([]);
    expect((await history.version(KEY, first))?.configuration).toMatchObject({ slack: { enabled: true } });
    expect(await history.version(KEY, 'v1')).toBeUndefined();
  });

  it('tells what is different between two versions, without the secrets', async () => {
    const history = application.get(ConfigurationHistoryService);
    const first = await record({ webhook: { url: 'https://one', secret: 's1' } });
    const second = await record({ webhook: { url: 'https://two', secret: 's2' } });
    expect(await history.diff(KEY, first, second)).toEqual(
      expect.arrayContaining([
        { op: 'replace', path: '/webhook/url', value: 'https://two' },
        { op: 'replace', path: '/webhook/secret', value: '***' },
      ]),
    );
    await expect(history.diff(KEY, first, 'v1')).rejects.toMatchObject({
      code: 'configuration.not-found',
      version: 'v1',
    });
  });

  it('closes the store when the application ends', async () => {
    const store = application.get(ConfigurationStore);
    await application.close();
    await expect(store.versions(KEY)).rejects.toMatchObject({ code: 'configuration.store' });
  });
});
