import { type GlobalSettingsSchema, isJsonObject, type Json, Nested } from '@tigateway/model';
import { EmailSettings } from '../email/email.settings.js';
import { SlackSettings } from '../slack/slack.channel.js';
import { TeamsSettings } from '../teams/teams.channel.js';
import { WebhookSettings } from '../webhook/webhook.channel.js';
import { ChannelSettings } from './channel.settings.js';

/** `notification.yml`, or the global configuration `notification`. A channel that is not named is off; the log is on. */
export class NotificationSettings {
  @Nested(() => WebhookSettings, { optional: true }) webhook?: WebhookSettings;
  @Nested(() => EmailSettings, { optional: true }) email?: EmailSettings;
  @Nested(() => SlackSettings, { optional: true }) slack?: SlackSettings;
  @Nested(() => TeamsSettings, { optional: true }) teams?: TeamsSettings;
  @Nested(() => ChannelSettings) log = new ChannelSettings();
}

export const NOTIFICATION: GlobalSettingsSchema<NotificationSettings> = {
  configId: 'notification',
  type: NotificationSettings,
  unwrap: unwrapped,
};

export function unwrapped(configuration: Json): Json {
  return isJsonObject(configuration) && isJsonObject(configuration['notification'])
    ? configuration['notification']
    : configuration;
}
