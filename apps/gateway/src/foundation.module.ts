import { type DynamicModule, Global, Module } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { Clock, EventBus, SystemClock } from '@tigateway/model';
import { AppInfo } from '@tigateway/observability';
import { httpClientProblems } from '@tigateway/proxy';
import { CompileEnvironment } from '@tigateway/routing';
import { GatewaySettings } from './bootstrap/gateway-settings.js';
import { EmitterEventBus } from './events/emitter-event-bus.js';
import { ProcessInfo } from './process-info.js';

/** What every stage may ask for: time, the bus, the settings, and what process this is. */
@Global()
@Module({})
export class FoundationModule {
  static forSettings(settings: GatewaySettings): DynamicModule {
    const { server, management } = settings;
    return {
      module: FoundationModule,
      imports: [EventEmitterModule.forRoot()],
      providers: [
        { provide: GatewaySettings, useValue: settings },
        { provide: Clock, useClass: SystemClock },
        { provide: EventBus, useClass: EmitterEventBus },
        { provide: AppInfo, useClass: ProcessInfo },
        {
          provide: CompileEnvironment,
          useValue: { ownListeners: [server, management], httpClientProblems } satisfies CompileEnvironment,
        },
      ],
      exports: [GatewaySettings, Clock, EventBus, AppInfo, CompileEnvironment],
    };
  }
}
