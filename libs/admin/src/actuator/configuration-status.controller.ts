import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import {
  type ConfigurationStatus,
  DynamicConfigurationService,
  Replicas,
  type ReplicaStatus,
  type ValidationReport,
} from '@tigateway/configuration';
import { type ChannelStatus, Deliveries } from '@tigateway/notifications';
import { OptionalText } from '../http/json-body.js';
import type { TextBody } from '../http/text-body.js';

@Controller('actuator/configuration')
export class ConfigurationStatusController {
  constructor(
    @Inject(DynamicConfigurationService) private readonly configurations: DynamicConfigurationService,
    @Inject(Replicas) private readonly replicas: Replicas,
    @Inject(Deliveries) private readonly deliveries: Deliveries,
  ) {}

  @Get('status')
  async status(): Promise<
    ConfigurationStatus & {
      readonly notifications: readonly ChannelStatus[];
      readonly replicas: readonly ReplicaStatus[];
    }
  > {
    return {
      ...(await this.configurations.status()),
      notifications: this.deliveries.status(),
      replicas: this.replicas.list(),
    };
  }

  /** Checks the document that is sent, in any layout; without one, what runs now. Changes nothing. */
  @Post('validate')
  @HttpCode(200)
  validate(@OptionalText() document: TextBody | undefined): Promise<ValidationReport> {
    return document
      ? this.configurations.validateDocument(document.text, document.format)
      : this.configurations.validateRunning();
  }
}
