import { type EventRecord, formatPosition } from '@tigateway/model';
import { changeLines, inOneLine } from './changes.js';
import type { Message } from './message.js';

/** A message as people read it, before any channel's own form. Every text is one line. */
export interface Summary {
  readonly title: string;
  readonly sections: readonly SummarySection[];
  /** Events that are not shown for want of room. */
  readonly left: number;
}

export interface SummarySection {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The diff, or the errors. */
  readonly lines: readonly string[];
  /** Lines that are not shown. */
  readonly left: number;
  readonly isProblem: boolean;
}

/** How much of a message is shown. */
export interface SummaryRoom {
  readonly events: number;
  /** For each event. */
  readonly lines: number;
}

export function summaryOf({ events }: Message, room: SummaryRoom): Summary {
  const [first] = events;
  const sections = events.slice(0, room.events).map((event) => sectionOf(event, room.lines));
  const title = events.length === 1 && first ? titleOf(first) : `${events.length} configuration events`;
  return { title, sections, left: events.length - sections.length };
}

function sectionOf(event: EventRecord, maxLines: number): SummarySection {
  const lines = changeLines(event);
  return {
    title: titleOf(event),
    facts: factsOf(event),
    lines: lines.slice(0, maxLines),
    left: Math.max(0, lines.length - maxLines),
    isProblem: event.type === 'configuration_rejected' || event.type === 'configuration_rollback',
  };
}

function titleOf(event: EventRecord): string {
  return inOneLine(headline(event));
}

function headline(event: EventRecord): string {
  if (event.type === 'configuration_rejected') return `${formatPosition(event.position)} was refused`;
  const what = `${event.configType} "${event.configId}"`;
  switch (event.type) {
    case 'configuration_delete':
      return `${what} was deleted`;
    case 'configuration_rollback':
      return `${what} was rolled back${event.trigger === 'auto' ? ' automatically' : ''}`;
    case 'configuration_update':
      return `${what} was ${event.previous === undefined ? 'created' : 'changed'}`;
  }
}

function factsOf(event: EventRecord): [string, string][] {
  const facts: [string, string][] = [
    ['When', new Date(event.timestamp).toISOString()],
    ['Source', event.source],
  ];
  if (event.type !== 'configuration_rejected') {
    facts.push(['Who', event.actor], ['Version', event.version]);
    if (event.reason !== undefined) facts.push(['Why', event.reason]);
    if (event.type === 'configuration_rollback' && event.rollbackOf !== undefined) {
      facts.push(['Back to', event.rollbackOf]);
    }
  }
  return facts.map(([name, value]) => [name, inOneLine(value)]);
}
