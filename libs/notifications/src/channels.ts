import type { ChannelKind } from './channel.js';
import { EMAIL } from './email/email.channel.js';
import { SLACK } from './slack/slack.channel.js';
import { TEAMS } from './teams/teams.channel.js';
import { WEBHOOK } from './webhook/webhook.channel.js';

/** Every kind of channel that sends to somewhere else: one line each, here and in the settings. */
export const CHANNEL_KINDS: readonly ChannelKind[] = [WEBHOOK, EMAIL, SLACK, TEAMS];
