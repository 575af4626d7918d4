import type { DestinationStream } from 'pino';

/** What pino's serialisers leave in a line, as far as a person's line shows it; everything else is a fact of its own. */
interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly context?: string;
  readonly msg?: string;
  readonly stack?: string;
  readonly err?: { readonly message: string; readonly stack?: string };
}

/** Turns JSON log lines into lines for a person: `12:03:59 INFO  [Context] message`. For terminals only. */
export function terminalStream(out: NodeJS.WritableStream): DestinationStream {
  return { write: (line) => void out.write(forPeople(line)) };
}

function forPeople(line: string): string {
  const { level, time, context, msg, stack, err, ...facts } = JSON.parse(line) as LogLine;
  const head = [time.slice(11, 19), level.toUpperCase().padEnd(5), context && `[${context}]`];
  const text = [msg ?? err?.message, Object.keys(facts).length > 0 && JSON.stringify(facts)];
  const trace = stack ?? err?.stack;
  return `${[...head, ...text].filter(Boolean).join(' ')}\n${trace ? `${trace}\n` : ''}`;
}
