import { Flag, Text } from '@tigateway/model';
import type { Channel, ChannelKind, ChannelTools } from '../channel.js';
import type { Message } from '../message/message.js';
import { summaryOf, type SummarySection } from '../message/summary.js';
import { DeliverySettings } from '../settings/channel.settings.js';
import { Must } from '../settings/must.js';
import { HttpTarget } from '../outbound/http-target.js';
import { targetProblem } from '../outbound/target-url.js';

export class TeamsSettings extends DeliverySettings {
  /** Of a workflow that posts to a channel. It is a secret: whoever has it may write. */
  @Text() @Must(targetProblem) webhookUrl = '';
  @Flag() allowInsecure = false;
}

export const TEAMS: ChannelKind<TeamsSettings> = {
  name: 'teams',
  settings: TeamsSettings,
  // Teams takes four requests a second.
  concurrency: 1,
  open: (settings, tools) => new TeamsChannel(settings, tools),
};

/** Adaptive Cards, as learn.microsoft.com describes them for webhooks. */
class TeamsChannel implements Channel {
  private readonly target: HttpTarget;

  constructor(settings: TeamsSettings, tools: ChannelTools) {
    const { webhookUrl: url, timeoutMs, allowInsecure } = settings;
    this.target = new HttpTarget({ url, timeoutMs, allowInsecure, connections: 1, ...tools });
  }

  send(message: Message, signal: AbortSignal): Promise<void> {
    return this.target.post(JSON.stringify(teamsBody(message)), {}, signal);
  }

  close(): Promise<void> {
    return this.target.close();
  }
}

/** Teams takes 28 KB a message. Less and less is shown until it fits. */
const MAX_BODY_BYTES = 26_000;
const ROOMS = [
  { events: 15, lines: 30 },
  { events: 10, lines: 8 },
  { events: 5, lines: 3 },
] as const;

export function teamsBody(message: Message): object {
  for (const room of ROOMS) {
    const body = cardOf(message, room);
    if (Buffer.byteLength(JSON.stringify(body)) <= MAX_BODY_BYTES) return body;
  }
  return cardOf(message, { events: 0, lines: 0 });
}

function cardOf(message: Message, room: { readonly events: number; readonly lines: number }): object {
  const { title, sections, left } = summaryOf(message, room);
  const body = [
    text([{ text: title, size: 'large', weight: 'bolder' }]),
    ...sections.flatMap((section) => sectionElements(section, sections.length > 1)),
    ...(left > 0 ? [text([{ text: `and ${left} more`, isSubtle: true }])] : []),
  ];
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          fallbackText: title,
          msteams: { width: 'Full' },
          body,
        },
      },
    ],
  };
}

function sectionElements({ title, facts, lines, left, isProblem }: SummarySection, hasTitle: boolean): object[] {
  const more = left > 0 ? [`… and ${left} more`] : [];
  return [
    ...(hasTitle ? [{ ...text([{ text: title, weight: 'bolder' }]), separator: true }] : []),
    ...facts.map(([name, value]) => text([{ text: `${name}  `, isSubtle: true }, { text: value }])),
    ...[...lines, ...more].map((line) =>
      text([{ text: line, fontType: 'monospace', size: 'small', ...(isProblem && { color: 'warning' }) }]),
    ),
  ];
}

/** Runs of text are shown as they are: what a configuration says is never read as Markdown, nor as a mention or a link. */
function text(runs: readonly Readonly<Record<string, unknown>>[]): object {
  return { type: 'RichTextBlock', inlines: runs.map((run) => ({ type: 'TextRun', ...run })) };
}
