import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Level, type Logger, pino } from 'pino';

/**
 * Contexts in which the framework says, at each start, a line for every module and call, and in which it repeats the error of a
 * failed start that is thrown as well, and reported once.
 */
const FRAMEWORK: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'WebSocketsController',
  'NestApplication',
  'ExceptionHandler',
]);

/** Nest's logger over pino: one JSON object a line. */
export class JsonLogger implements LoggerService {
  private readonly pino: Logger;

  /** @param level one of pino's, `silent` included */
  constructor(level: string, destination: DestinationStream = pino.destination(1)) {
    this.pino = pino(
      { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } },
      destination,
    );
  }

  log = (message: unknown, ...rest: unknown[]): void => this.write('info', message, rest);
  error = (message: unknown, ...rest: unknown[]): void => this.write('error', message, rest);
  warn = (message: unknown, ...rest: unknown[]): void => this.write('warn', message, rest);
  debug = (message: unknown, ...rest: unknown[]): void => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]): void => this.write('trace', message, rest);
  fatal = (message: unknown, ...rest: unknown[]): void => this.write('fatal', message, rest);

  /** Nest gives the context as the last argument, and a stack before it where there is one. */
  private write(level: Level, message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    const facts = message instanceof Error ? { err: message } : typeof message === 'object' ? message : undefined;
    const shownLevel = FRAMEWORK.has(context) ? 'debug' : level;
    this.pino[shownLevel]({ context, stack, ...facts }, facts ? undefined : String(message));
  }
}

function levelName(label: string): { level: string } {
  return { level: label };
}
