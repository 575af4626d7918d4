/** What a scenario may be told on the command line. */
export interface BenchOptions {
  /** Sizes of the configuration, in routes, ascending: the first is what the others are compared with. */
  readonly routes: readonly number[];
  /** How often a measurement is taken; medians are shown. */
  readonly rounds: number;
}

export interface Column {
  readonly title: string;
  /** `ms`, `s`, `B`, `µs`, …; absent for a count. */
  readonly unit?: string;
  /** True: shown with its ratio to the first row. */
  readonly isCompared?: boolean;
}

export interface Row {
  readonly name: string;
  /** One per column; `undefined` where it could not be measured. */
  readonly values: readonly (number | undefined)[];
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
  run(options: BenchOptions): Promise<Result>;
}

/** An aim that is an upper limit. `measured` may be missing where a size was left out. */
export function atMost(text: string, limit: number, measured: number | undefined, unit: string): Aim[] {
  if (measured === undefined) return [];
  return [{ text, isReached: measured <= limit, measured: `${Number(measured.toPrecision(3))} ${unit}`.trim() }];
}

/** An aim that is a ratio not to fall below. `measured` may be missing where one of both was left out. */
export function atLeast(text: string, limit: number, measured: number | undefined): Aim[] {
  if (measured === undefined || Number.isNaN(measured)) return [];
  return [{ text, isReached: measured >= limit, measured: `${measured.toPrecision(3)} ×` }];
}
