import { type DynamicModule, Module } from '@nestjs/common';
import type { GlobalSettingsSchema } from '@tigateway/model';
import { ParserModule } from '../parser/parser.module.js';
import { ConfigurationValidator, GLOBAL_SETTINGS_SCHEMAS } from './configuration-validator.js';

/** Expects the routing module, which is global. */
@Module({})
export class ValidatorModule {
  /** @param schemas the shapes of all globals that are known by their id, from whichever lib obeys them */
  static forRoot(schemas: readonly GlobalSettingsSchema[]): DynamicModule {
    return {
      module: ValidatorModule,
      imports: [ParserModule],
      providers: [{ provide: GLOBAL_SETTINGS_SCHEMAS, useValue: schemas }, ConfigurationValidator],
      exports: [ConfigurationValidator, GLOBAL_SETTINGS_SCHEMAS],
    };
  }
}
