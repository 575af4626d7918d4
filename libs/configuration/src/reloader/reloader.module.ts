import { type DynamicModule, Global, Module, type ModuleMetadata } from '@nestjs/common';
import type { GlobalSettingsSchema, Json } from '@tigateway/model';
import { ROUTING_GLOBAL_SETTINGS } from '@tigateway/routing';
import { ParserModule } from '../parser/parser.module.js';
import type { ConfigurationSource } from '../sources/configuration-source.js';
import { ValidatorModule } from '../validator/validator.module.js';
import {
  CONFIGURATION_SOURCES,
  ConfigurationPipeline,
  PIPELINE_OPTIONS,
  type PipelineOptions,
} from './configuration-pipeline.js';
import { ConfigurationReloader } from './configuration-reloader.js';
import { DynamicConfigurationService } from './dynamic-configuration.service.js';
import { AutoRollback } from './judge/auto-rollback.js';
import { RouteRefreshService } from './route-refresh.service.js';
import { BOOTSTRAP_UPDATE_POLICY, UpdatePolicy } from './update-policy.js';
import { UPDATE_POLICY } from './update-policy.settings.js';

export interface ReloaderModuleOptions extends PipelineOptions {
  /** The bootstrap file's update policy, placeholders unresolved. */
  readonly updatePolicy: Json;
  /** Shapes of globals that other libs obey. */
  readonly globalSettings?: readonly GlobalSettingsSchema[];
  /** Provide the history, `ConfigurationObserver` and what `sources` names. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** Injection tokens of the watched sources. */
  readonly sources: readonly (abstract new (...args: never[]) => ConfigurationSource)[];
}

/** The front door and what stands behind it. Expects global providers of `Clock`, `EventBus` and the routing module. */
@Global()
@Module({})
export class ReloaderModule {
  static forRoot(options: ReloaderModuleOptions): DynamicModule {
    const { precedence, apiEnabled, updatePolicy, globalSettings = [], imports, sources } = options;
    const schemas = [...ROUTING_GLOBAL_SETTINGS, UPDATE_POLICY, ...globalSettings];
    return {
      module: ReloaderModule,
      imports: [ParserModule, ValidatorModule.forRoot(schemas), ...imports],
      providers: [
        { provide: PIPELINE_OPTIONS, useValue: { precedence, apiEnabled } satisfies PipelineOptions },
        { provide: BOOTSTRAP_UPDATE_POLICY, useValue: updatePolicy },
        {
          provide: CONFIGURATION_SOURCES,
          inject: [...sources],
          useFactory: (...enabled: ConfigurationSource[]) => enabled,
        },
        UpdatePolicy,
        RouteRefreshService,
        AutoRollback,
        ConfigurationReloader,
        ConfigurationPipeline,
        { provide: DynamicConfigurationService, useExisting: ConfigurationPipeline },
      ],
      exports: [ConfigurationPipeline, DynamicConfigurationService],
    };
  }
}
