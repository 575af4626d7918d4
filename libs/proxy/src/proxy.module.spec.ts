import { Global, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Clock, SystemClock } from '@tigateway/model';
import { CompileEnvironment, RouteManager, RoutingModule } from '@tigateway/routing';
import { describe, expect, it } from 'vitest';
import { DataPlane } from './data-plane.js';
import { type RequestFacts, RequestObserver } from './ports/request-observer.js';
import { ProxyModule } from './proxy.module.js';
import { RawClient } from './testing/raw-peer.js';
import { TrafficFiltersModule } from './traffic-filters.module.js';
import { snapshotOf } from './testing/test-route.js';

const statuses: number[] = [];

@Injectable()
class Statuses extends RequestObserver {
  completed({ status }: RequestFacts): void {
    statuses.push(status);
  }
}

@Global()
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    { provide: CompileEnvironment, useValue: { ownListeners: [] } },
  ],
  exports: [Clock, CompileEnvironment],
})
class Foundation {}

describe('ProxyModule', () => {
  it.each(['node', 'native'] as const)('serves the running snapshot on the %s engines', async (engine) => {
    statuses.length = 0;
    const module = await Test.createTestingModule({
      imports: [
        Foundation,
        RoutingModule.forRoot(),
        TrafficFiltersModule.forRoot(),
        ProxyModule.forRoot({
          options: { address: '127.0.0.1', port: 0, drainTimeoutMs: 100, engine },
          observer: Statuses,
        }),
      ],
    }).compile();
    const plane = module.get(DataPlane);
    const { port } = await plane.start();
    const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect(await RawClient.exchange(port, get)).toMatch(/^HTTP\/1\.1 404 /);
    module.get(RouteManager).swap(await snapshotOf([{ id: 'r', uri: { kind: 'none' } }]));
    expect(await RawClient.exchange(port, get)).toMatch(/^HTTP\/1\.1 200 /);
    await plane.stop();
    expect(statuses).toEqual([404, 200]);
  });
});
