import { describe, expect, it } from 'vitest';
import { JsonLogger } from './json-logger.js';
import { terminalStream } from './terminal-stream.js';

function linesOf(level: string, write: (logger: JsonLogger) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(new JsonLogger(level, { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('JsonLogger', () => {
  it('writes one JSON object a line with level, time, context and message', () => {
    const [line] = linesOf('info', (logger) => logger.log('listening', 'DataPlane'));
    expect(line).toMatchObject({ level: 'info', context: 'DataPlane', msg: 'listening' });
    expect(new Date(String(line?.['time'])).toISOString()).toBe(line?.['time']);
  });

  it('writes the facts of an object as fields', () => {
    const [line] = linesOf('info', (logger) => logger.log({ event: 'update', routeId: 'a' }, 'Events'));
    expect(line).toMatchObject({ event: 'update', routeId: 'a', context: 'Events' });
  });

  it('keeps the stack of an error', () => {
    const lines = linesOf('info', (logger) => {
      logger.error(new Error('broken'), 'Store');
      logger.error('broken', 'Error: broken\n    at here', 'Store');
    });
    expect(lines[0]).toMatchObject({ context: 'Store', err: { message: 'broken' } });
    expect(lines[1]).toMatchObject({ context: 'Store', msg: 'broken', stack: 'Error: broken\n    at here' });
  });

  it('leaves what the framework says of itself to level debug', () => {
    const write = (logger: JsonLogger) => logger.log('Mapped {/a, GET} route', 'RouterExplorer');
    expect(linesOf('info', write)).toEqual([]);
    expect(linesOf('debug', write)).toHaveLength(1);
  });

  it.each([
    ['warn', 2],
    ['info', 3],
    ['silent', 0],
  ])('at level %s writes %i of error, warn, log, debug', (level, count) => {
    const write = (logger: JsonLogger) => {
      logger.error('e', 'c');
      logger.warn('w', 'c');
      logger.log('l', 'c');
      logger.debug('d', 'c');
    };
    expect(linesOf(level, write)).toHaveLength(count);
  });
});

describe('terminalStream', () => {
  it('shows a line for people', () => {
    let text = '';
    const out = { write: (chunk: string) => (text += chunk) } as unknown as NodeJS.WritableStream;
    const logger = new JsonLogger('info', terminalStream(out));
    logger.log('listening', 'DataPlane');
    logger.warn({ routeId: 'a' }, 'Events');
    expect(text).toMatch(
      /^\d\d:\d\d:\d\d INFO {2}\[DataPlane\] listening\n\d\d:\d\d:\d\d WARN {2}\[Events\] {"routeId":"a"}\n$/,
    );
  });
});
