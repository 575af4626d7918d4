import { Global, Module, type ModuleMetadata } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AdminModule, configureAdminApplication, createAdminAdapter, type ManagementAccess } from '@tigateway/admin';
import {
  ConfigurationHistoryService,
  DynamicConfigurationService,
  Replicas,
  SoleReplica,
} from '@tigateway/configuration';
import { Clock, EventBus, SystemClock } from '@tigateway/model';
import { Deliveries, EventHistory, EventStream } from '@tigateway/notifications';
import { AppInfo, ObservabilityModule } from '@tigateway/observability';
import { BreakerBoard, CircuitBreakers } from '@tigateway/proxy';
import { CompileEnvironment, RoutingModule } from '@tigateway/routing';
import { DirectBus } from './direct-bus.js';
import { InMemoryConfiguration, InMemoryHistory } from './in-memory-configuration.js';
import { InMemoryDeliveries } from './in-memory-deliveries.js';
import { InMemoryOutbox } from './in-memory-outbox.js';

export interface AdminApplication {
  readonly app: NestFastifyApplication;
  readonly access: ManagementAccess;
  readonly breakers: CircuitBreakers;
  readonly configuration: InMemoryConfiguration;
  readonly deliveries: InMemoryDeliveries;
}

/** The admin server as it is served, before a front door that keeps everything in memory. Not yet listening. */
export async function adminApplication(
  options: {
    token?: string;
    address?: string;
    allowedHosts?: string[];
    imports?: ModuleMetadata['imports'];
    bus?: EventBus;
    history?: EventHistory;
  } = {},
): Promise<AdminApplication> {
  const configuration = new InMemoryConfiguration();
  const deliveries = new InMemoryDeliveries();
  const { bus = new DirectBus(), history = new InMemoryOutbox() } = options;
  const breakers = new CircuitBreakers();

  @Global()
  @Module({
    providers: [
      { provide: DynamicConfigurationService, useValue: configuration },
      { provide: ConfigurationHistoryService, useValue: new InMemoryHistory(configuration) },
      { provide: BreakerBoard, useValue: breakers },
      { provide: Clock, useClass: SystemClock },
      { provide: Deliveries, useValue: deliveries },
      { provide: Replicas, useClass: SoleReplica },
      { provide: EventStream, inject: [Clock], useFactory: (clock: Clock) => new EventStream(bus, history, clock) },
      { provide: CompileEnvironment, useValue: { ownListeners: [] } },
      {
        provide: AppInfo,
        useValue: {
          build: { name: 'tigateway', version: '0.0.0' },
          runtime: { node: 'v20', platform: 'linux', arch: 'x64', pid: 7, startedAt: '2026-01-01T00:00:00.000Z' },
        },
      },
    ],
    exports: [
      DynamicConfigurationService,
      ConfigurationHistoryService,
      BreakerBoard,
      Clock,
      Deliveries,
      Replicas,
      EventStream,
      CompileEnvironment,
      AppInfo,
    ],
  })
  class Ports {}

  const module = await Test.createTestingModule({
    imports: [
      Ports,
      RoutingModule.forRoot(),
      ObservabilityModule,
      AdminModule.register([ObservabilityModule]),
      ...(options.imports ?? []),
    ],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(createAdminAdapter(), {
    bodyParser: false,
    logger: false,
  });
  const { token, address = '127.0.0.1', allowedHosts = [] } = options;
  const access = configureAdminApplication(app, { address, allowedHosts, ...(token !== undefined && { token }) });
  return { access, app, breakers, configuration, deliveries };
}
