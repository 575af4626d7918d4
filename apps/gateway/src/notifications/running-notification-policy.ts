import { Injectable } from '@nestjs/common';
import { type ConfigurationInForce, DynamicConfigurationService, Placeholders } from '@tigateway/configuration';
import { EventBus } from '@tigateway/model';
import { NOTIFICATION, NotificationPolicy, type NotificationSource } from '@tigateway/notifications';
import { GatewaySettings } from '../bootstrap/gateway-settings.js';

const KEY = { configType: 'global', configId: NOTIFICATION.configId } as const;

/** The global configuration `notification` where there is one, else what the bootstrap file says. */
@Injectable()
export class RunningNotificationPolicy extends NotificationPolicy {
  private readonly fallback: NotificationSource;
  private read: { readonly version: string; readonly source: NotificationSource } | undefined;

  constructor(
    private readonly configurations: DynamicConfigurationService,
    private readonly events: EventBus,
    settings: GatewaySettings,
  ) {
    super();
    const configuration = new Placeholders(process.env).resolve(settings.tigateway.notification);
    this.fallback = { configuration, hasVariables: true, isRecorded: false };
  }

  override current(): NotificationSource {
    const running = this.configurations.get(KEY);
    if (!running) return this.fallback;
    if (this.read?.version !== running.version) this.read = { version: running.version, source: sourceOf(running) };
    return this.read.source;
  }

  override onChange(listener: () => void): () => void {
    return this.events.subscribe('global.updated', ({ configId }) => {
      if (configId === KEY.configId) listener();
    });
  }
}

function sourceOf({ configuration, deferredPlaceholders = false }: ConfigurationInForce): NotificationSource {
  return {
    configuration: deferredPlaceholders ? new Placeholders(process.env).resolve(configuration) : configuration,
    hasVariables: deferredPlaceholders,
    isRecorded: true,
  };
}
