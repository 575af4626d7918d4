import type { EventRecord, Json } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { parcelOf } from '../outbox/parcel.js';
import { slackBody } from '../slack/slack.channel.js';
import { teamsBody } from '../teams/teams.channel.js';
import { changeLines } from './changes.js';
import type { Message } from './message.js';

const facts = { sequence: 7, timestamp: Date.UTC(2026, 0, 2), source: 'api', version: 'v7', actor: 'admin@127.0.0.1' };

function update(configId: string, configuration: Json, previous?: Json): EventRecord {
  const about = { ...facts, configType: 'route' as const, configId, configuration };
  return { type: 'configuration_update', ...about, ...(previous !== undefined && { previous }) };
}

const rejected: EventRecord = {
  type: 'configuration_rejected',
  sequence: 8,
  timestamp: facts.timestamp,
  source: 'file',
  position: { source: 'file', document: 'routes/a.yaml', line: 3, column: 5 },
  errors: [{ pointer: '/routes/0/uri', code: 'required', message: '"uri" is required' }],
};

const messageOf = (...events: EventRecord[]): Message => parcelOf('slack', events, events.length > 1, 0).message;
const hostile = '<!channel> [x](http://evil) `*_~ @here\n&amp;';

describe('the lines of a change', () => {
  it.each<[string, EventRecord, string[]]>([
    ['created', update('a', { id: 'a', order: 1 }), ['+ /id = "a"', '+ /order = 1']],
    ['changed', update('a', { uri: 'y', b: 1 }, { uri: 'x', c: 1 }), ['- /c', '~ /uri = "y"', '+ /b = 1']],
    ['only secretly changed', update('a', { token: '***' }, { token: '***' }), ['(only what is secret)']],
    ['no object', update('a', 7), ['~ / = 7']],
    [
      'deleted',
      { type: 'configuration_delete', ...facts, configType: 'route', configId: 'a', previous: {} },
      ['- the whole configuration'],
    ],
    ['refused', rejected, ['/routes/0/uri: "uri" is required']],
  ])('of what was %s', (_, event, lines) => {
    expect(changeLines(event)).toEqual(lines);
  });

  it('are one line each and not endless', () => {
    const [line] = changeLines(update('a', { x: `one\ntwo\u2028${'x'.repeat(10_000)}` }, {})) as [string];
    expect(line).not.toMatch(/[\n\u2028]/);
    expect(line.length).toBeLessThanOrEqual(200);
  });
});

interface Block {
  readonly type: string;
  readonly text?: { readonly type: string; readonly text: string };
}

describe('a Slack message', () => {
  const blocksOf = (message: Message) => (slackBody(message) as { blocks: Block[] }).blocks;

  it('has a text for the notification, a title, who and when, and the diff', () => {
    const message = messageOf({ ...update('a', { uri: 'y' }, { uri: 'x' }), reason: 'ticket 4' } as EventRecord);
    expect(slackBody(message, '#ops')).toEqual({
      channel: '#ops',
      text: 'TiGateway: route "a" was changed',
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: 'route "a" was changed', emoji: false } },
        {
          type: 'context',
          elements: [
            {
              type: 'mrkdwn',
              text: '*When* 2026-01-02T00:00:00.000Z  *Source* api  *Who* admin@127.0.0.1  *Version* v7  *Why* ticket 4',
            },
          ],
        },
        { type: 'section', text: { type: 'mrkdwn', text: '```\n~ /uri = "y"\n```' } },
      ],
    });
  });

  it('lets no text of a configuration mention anyone or end its block', () => {
    const message = messageOf(update(hostile, { id: hostile }), update(hostile, {}));
    // What is plain text is not read for anything; all the rest is.
    const read = [(slackBody(message) as { text: string }).text, ...blocksOf(message).slice(1)];
    expect(JSON.stringify(read)).not.toContain('<');
    const code = blocksOf(messageOf(update('a', { x: '``` <@U1>' }))).at(-1)!.text!.text;
    expect(code.match(/```/g)).toHaveLength(2);
    expect(code).toContain('&lt;@U1&gt;');
  });

  it('stays within what Slack takes, however much happened', () => {
    const large = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, '&'.repeat(300)]));
    const blocks = blocksOf(messageOf(...Array.from({ length: 500 }, (_, n) => update(`r${n}`.repeat(50), large))));
    expect(blocks.length).toBeLessThanOrEqual(50);
    for (const { type, text } of blocks)
      if (text) expect(text.text.length).toBeLessThanOrEqual(type === 'header' ? 150 : 3_000);
    expect(JSON.stringify(blocks.at(-1))).toContain('and 485 more');
  });
});

describe('a Teams message', () => {
  it('is an Adaptive Card', () => {
    const body = teamsBody(messageOf(update('a', { uri: 'y' }, { uri: 'x' }))) as { attachments: unknown[] };
    expect(body).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', version: '1.4', fallbackText: 'route "a" was changed' },
        },
      ],
    });
    const text = JSON.stringify(body);
    for (const part of ['route \\"a\\" was changed', 'admin@127.0.0.1', '~ /uri = \\"y\\"'])
      expect(text).toContain(part);
  });

  it('shows texts in runs, which are never read as Markdown', () => {
    const text = JSON.stringify(teamsBody(messageOf(update(hostile, { id: hostile }), rejected)));
    expect(text).not.toContain('"TextBlock"');
    expect(text).toContain('RichTextBlock');
  });

  it('stays below 28 KB, however much happened', () => {
    const large = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 'ü'.repeat(300)]));
    for (const count of [1, 5, 15, 500]) {
      const body = teamsBody(messageOf(...Array.from({ length: count }, (_, n) => update(`r${n}`.repeat(60), large))));
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(28_000);
    }
  });
});
