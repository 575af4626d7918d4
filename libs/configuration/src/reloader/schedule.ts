import { Cron } from 'croner';

/** When scheduled changes go in: a cron expression of five fields, or of six with seconds first, in a time zone. */
export class Schedule {
  private readonly cron: Cron;

  /** @param timezone an IANA name; absent: that of the process. @throws TypeError for what is no cron expression */
  constructor(expression: string, timezone?: string) {
    // A date alone would be taken too, and would fire once.
    if (/^\d{4}-/.test(expression.trim())) throw new TypeError('expected a cron expression, found a date');
    this.cron = new Cron(expression, { paused: true, mode: '5-or-6-parts', ...(timezone && { timezone }) });
  }

  /** The first time after `nowMs`, in milliseconds since the epoch; `undefined`: it never comes. */
  next(nowMs: number): number | undefined {
    return this.cron.nextRun(new Date(nowMs))?.getTime();
  }
}

export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** @returns what is wrong with the expression, or `undefined`. An expression that fires at some time fires in any year. */
export function scheduleProblem(expression: string): string | undefined {
  try {
    return new Schedule(expression, 'UTC').next(0) === undefined
      ? `the schedule "${expression}" never comes`
      : undefined;
  } catch (error) {
    return (error as Error).message.replace(/^CronPattern: /, '');
  }
}
