import { Flag, Text } from '@tigateway/model';
import type { Channel, ChannelKind, ChannelTools } from '../channel.js';
import type { Message } from '../message/message.js';
import { type Summary, summaryOf, type SummarySection } from '../message/summary.js';
import { DeliverySettings } from '../settings/channel.settings.js';
import { Must } from '../settings/must.js';
import { HttpTarget } from '../outbound/http-target.js';
import { targetProblem } from '../outbound/target-url.js';

export class SlackSettings extends DeliverySettings {
  /** Of an incoming webhook. It is a secret: whoever has it may write. */
  @Text() @Must(targetProblem) webhookUrl = '';
  /** Absent: the one that the webhook was made for. */
  @Text({ optional: true }) channel?: string;
  @Flag() allowInsecure = false;
}

export const SLACK: ChannelKind<SlackSettings> = {
  name: 'slack',
  settings: SlackSettings,
  // Slack takes one message a second of a webhook.
  concurrency: 1,
  open: (settings, tools) => new SlackChannel(settings, tools),
};

/** Messages of an incoming webhook, as docs.slack.dev describes them: a text for notifications, blocks for the eye. */
class SlackChannel implements Channel {
  private readonly target: HttpTarget;

  constructor(
    private readonly settings: SlackSettings,
    tools: ChannelTools,
  ) {
    const { webhookUrl: url, timeoutMs, allowInsecure } = settings;
    this.target = new HttpTarget({ url, timeoutMs, allowInsecure, connections: 1, ...tools });
  }

  send(message: Message, signal: AbortSignal): Promise<void> {
    return this.target.post(JSON.stringify(slackBody(message, this.settings.channel)), {}, signal);
  }

  close(): Promise<void> {
    return this.target.close();
  }
}

/** A message has at most 50 blocks; an event takes three of them. */
const ROOM = { events: 15, lines: 30 };
/** Limits of a header and of a section's text, in characters. */
const HEADER_LENGTH = 150;
const SECTION_LENGTH = 3_000;

export function slackBody(message: Message, channel?: string): object {
  const summary = summaryOf(message, ROOM);
  return {
    ...(channel !== undefined && { channel }),
    text: escaped(`TiGateway: ${summary.title}`),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(summary.title, HEADER_LENGTH), emoji: false } },
      ...summary.sections.flatMap((section) => sectionBlocks(section, summary)),
      ...(summary.left > 0 ? [context(`and ${summary.left} more`)] : []),
    ],
  };
}

function sectionBlocks(section: SummarySection, { sections }: Summary): object[] {
  const facts = section.facts.map(([name, value]) => `*${name}* ${escaped(value)}`).join('  ');
  const left = section.left > 0 ? `\n… and ${section.left} more` : '';
  const diff = cut(escaped(section.lines.join('\n') + left), SECTION_LENGTH - '```\n\n```'.length);
  return [
    ...(sections.length > 1 ? [mrkdwn(`*${cut(escaped(section.title), HEADER_LENGTH)}*`)] : []),
    context(cut(facts, SECTION_LENGTH)),
    mrkdwn(`\`\`\`\n${diff}\n\`\`\``),
  ];
}

function mrkdwn(text: string): object {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

function context(text: string): object {
  return { type: 'context', elements: [{ type: 'mrkdwn', text }] };
}

/** No text of a configuration may mention people, link somewhere, or end the block of code that it stands in. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('`', 'ˋ');
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).replace(/&[a-z]*$/, '')}…` : text;
}
