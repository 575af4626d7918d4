import { createHmac } from 'node:crypto';
import { type EventRecord, Flag, type Json, Text } from '@tigateway/model';
import type { Channel, ChannelKind, ChannelTools } from '../channel.js';
import { announcementOf } from '../message/announcement.js';
import { patchOf } from '../message/changes.js';
import { eventId, type Message } from '../message/message.js';
import { DeliverySettings } from '../settings/channel.settings.js';
import { Must } from '../settings/must.js';
import { HttpTarget } from '../outbound/http-target.js';
import { targetProblem } from '../outbound/target-url.js';

export class WebhookSettings extends DeliverySettings {
  @Text() @Must(targetProblem) url = '';
  /** Messages are signed with it; empty: they are not. */
  @Text() secret = '';
  /** Targets on this machine, and without TLS. */
  @Flag() allowInsecure = false;
}

/** With a receiver that answers in 50 ms this is 1,280 messages a second. */
const CONCURRENCY = 64;

export const WEBHOOK: ChannelKind<WebhookSettings> = {
  name: 'webhook',
  settings: WebhookSettings,
  concurrency: CONCURRENCY,
  open: (settings, tools) => new WebhookChannel(settings, tools),
};

/** Events as JSON, signed, to one URL. */
class WebhookChannel implements Channel {
  private readonly target: HttpTarget;

  constructor(
    private readonly settings: WebhookSettings,
    tools: ChannelTools,
  ) {
    const { url, timeoutMs, allowInsecure } = settings;
    this.target = new HttpTarget({ url, timeoutMs, allowInsecure, connections: CONCURRENCY, ...tools });
  }

  async send(message: Message, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(webhookBody(message));
    const { secret } = this.settings;
    const headers = {
      'X-TiGateway-Event': eventNameOf(message),
      'X-TiGateway-Delivery': message.id,
      ...(secret && { 'X-TiGateway-Signature': signature(secret, body, Math.floor(Date.now() / 1_000)) }),
    };
    await this.target.post(body, headers, signal);
  }

  close(): Promise<void> {
    return this.target.close();
  }
}

/** `t` is when the attempt was made, in seconds since the epoch: receivers refuse what is old. */
export function signature(secret: string, body: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

function eventNameOf({ events, isDigest }: Message): string {
  return isDigest ? 'digest' : (events[0] as EventRecord).type;
}

export function webhookBody({ id, events, isDigest }: Message): object {
  const bodies = events.map(bodyOf);
  return isDigest ? { id, type: 'digest', events: bodies } : (bodies[0] as object);
}

function bodyOf(event: EventRecord): object {
  const isRejection = event.type === 'configuration_rejected';
  return {
    id: eventId(event),
    ...announcementOf(event),
    occurredAt: new Date(event.timestamp).toISOString(),
    actor: isRejection ? event.source : event.actor,
    ...(!isRejection && event.reason !== undefined && { reason: event.reason }),
    ...(!isRejection && { patch: patchOf(event) satisfies Json }),
  };
}
