import { type DynamicModule, Module } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { FileSource, type FileSourceOptions } from './file-source.js';

/** Expects a global provider of `Clock`. */
@Module({})
export class FileSourceModule {
  static forRoot(options: FileSourceOptions): DynamicModule {
    return {
      module: FileSourceModule,
      providers: [
        { provide: FileSource, inject: [Clock], useFactory: (clock: Clock) => new FileSource(options, clock) },
      ],
      exports: [FileSource],
    };
  }
}
