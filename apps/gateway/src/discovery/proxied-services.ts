import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import { KnownServices } from '@tigateway/configuration';
import { ServiceInstances } from '@tigateway/proxy';

/** Those that the data plane can reach. */
@Injectable()
export class ProxiedServices extends KnownServices {
  constructor(private readonly instances: ServiceInstances) {
    super();
  }

  override get names(): readonly string[] {
    return this.instances.names;
  }

  /** Instances come and go far more often than names. */
  override onChange(listener: () => void): () => void {
    let known = this.names;
    return this.instances.onChange(() => {
      const { names } = this;
      if (names === known) return;
      known = names;
      listener();
    });
  }
}

/** Tells the configuration which services the data plane knows. */
@Module({})
export class KnownServicesModule {
  static over(proxy: DynamicModule): DynamicModule {
    return {
      module: KnownServicesModule,
      imports: [proxy],
      providers: [{ provide: KnownServices, useClass: ProxiedServices }],
      exports: [KnownServices],
    };
  }
}
