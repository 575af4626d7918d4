import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import type { DiscoveryLocatorSettings } from './discovery-locator.settings.js';
import { DiscoveryRoutes } from './discovery-routes.js';
import { DiscoverySource } from './discovery-source.js';
import { KnownServices } from './known-services.js';

export interface DiscoverySourceModuleOptions {
  readonly settings: DiscoveryLocatorSettings;
  /** Export a provider of `KnownServices`. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

@Module({})
export class DiscoverySourceModule {
  static forRoot({ settings, imports }: DiscoverySourceModuleOptions): DynamicModule {
    return {
      module: DiscoverySourceModule,
      imports,
      providers: [
        {
          provide: DiscoverySource,
          inject: [KnownServices],
          useFactory: (services: KnownServices) => new DiscoverySource(services, new DiscoveryRoutes(settings)),
        },
      ],
      exports: [DiscoverySource],
    };
  }
}
