import { median } from './statistics.js';

/** What a scenario may be told on the command line. */
export interface BenchOptions {
  /** Sizes of the configuration, in routes, ascending: the first is what the others are compared with. */
  readonly routes: readonly number[];
  /** How often a measurement is taken; the median and the range are shown. */
  readonly rounds: number;
}

export interface Column {
  readonly title: string;
  /** `ms`, `s`, `B`, `µs`, …; absent for a count. */
  readonly unit?: string;
  /** True: shown with its ratio to the first row. */
  readonly isCompared?: boolean;
}

/** What was measured once, or once in each round; `undefined` where it could not be. */
export type Figure = number | readonly number[] | undefined;

/** The figure itself, or the median of its rounds. */
export function middle(figure: Figure): number | undefined {
  const value = typeof figure === 'object' ? median(figure) : figure;
  return Number.isNaN(value) ? undefined : value;
}

export interface Row {
  readonly name: string;
  /** One per column. */
  readonly values: readonly Figure[];
}

/** A figure that the design asks for, and what came out. */
export interface Aim {
  readonly text: string;
  readonly isReached: boolean;
  readonly measured: string;
}

export interface Result {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly aims: readonly Aim[];
  /** How to read it, one sentence each. */
  readonly notes?: readonly string[];
}

/** One question, one file, one entry in `scenarios/catalogue.ts`. */
export interface Scenario {
  readonly name: string;
  /** What is measured, in one line. */
  readonly title: string;
  /** Programs without which it is left out. */
  readonly needs?: readonly string[];
  run(options: BenchOptions): Promise<Result>;
}

/** An aim that is an upper limit. `measured` may be missing where a size was left out. */
export function atMost(text: string, limit: number, figure: Figure, unit: string): Aim[] {
  const measured = middle(figure);
  if (measured === undefined) return [];
  return [{ text, isReached: measured <= limit, measured: `${Number(measured.toPrecision(3))} ${unit}`.trim() }];
}

/** An aim that is a ratio not to fall below. `measured` may be missing where one of both was left out. */
export function atLeast(text: string, limit: number, measured: number | undefined): Aim[] {
  if (measured === undefined || Number.isNaN(measured)) return [];
  return [{ text, isReached: measured >= limit, measured: `${measured.toPrecision(3)} ×` }];
}
