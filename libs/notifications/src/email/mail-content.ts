import type { Message } from '../message/message.js';
import { type Summary, summaryOf, type SummarySection } from '../message/summary.js';

/** More is not read; the history has it all. */
const ROOM = { events: 100, lines: 60 };
const SUBJECT_LENGTH = 200;

export interface MailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export function mailContent(message: Message): MailContent {
  const summary = summaryOf(message, ROOM);
  return {
    subject: `[TiGateway] ${summary.title}`.slice(0, SUBJECT_LENGTH),
    text: textOf(summary),
    html: htmlOf(summary),
  };
}

function textOf({ sections, left }: Summary): string {
  const parts = sections.map((section) => {
    const facts = section.facts.map(([name, value]) => `${name}: ${value}`);
    return [section.title, ...facts, '', ...shownLines(section)].join('\n');
  });
  return `${[...parts, ...(left > 0 ? [`and ${left} more`] : [])].join('\n\n---\n\n')}\n`;
}

function htmlOf({ title, sections, left }: Summary): string {
  const parts = sections.map((section) => {
    const rows = section.facts.map(
      ([name, value]) =>
        `<tr><td style="color:#666;padding-right:1em">${escaped(name)}</td><td>${escaped(value)}</td></tr>`,
    );
    const lines = escaped(shownLines(section).join('\n'));
    return `<h3>${escaped(section.title)}</h3><table>${rows.join('')}</table><pre style="background:#f4f4f4;padding:.5em">${lines}</pre>`;
  });
  const more = left > 0 ? `<p>and ${left} more</p>` : '';
  return `<!doctype html><html><head><meta charset="utf-8"><title>${escaped(title)}</title></head><body>${parts.join('')}${more}</body></html>`;
}

function shownLines({ lines, left }: SummarySection): string[] {
  return [...lines, ...(left > 0 ? [`… and ${left} more`] : [])];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
