import { Inject, Injectable, Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { EventBus, type GatewayEvents } from '@tigateway/model';

/** The events of the model on the emitter of @nestjs/event-emitter, so that `@OnEvent` listeners hear them too. */
@Injectable()
export class EmitterEventBus extends EventBus {
  private readonly logger = new Logger('Events');

  constructor(@Inject(EventEmitter2) private readonly emitter: EventEmitter2) {
    super();
  }

  publish<Name extends keyof GatewayEvents>(name: Name, event: GatewayEvents[Name]): void {
    this.emitter.emit(name, event);
  }

  subscribe<Name extends keyof GatewayEvents>(name: Name, listener: (event: GatewayEvents[Name]) => void): () => void {
    // The publisher has just made a change durable: whatever a listener does, it must not look as if the change had failed.
    const contained = (event: GatewayEvents[Name]): void => {
      try {
        listener(event);
      } catch (error) {
        this.logger.error(`a listener of ${name} failed: ${String(error)}`, (error as Error)?.stack);
      }
    };
    this.emitter.on(name, contained);
    return () => void this.emitter.off(name, contained);
  }
}
