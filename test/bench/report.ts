import { type Aim, type Column, middle, type Result, type Row, type Scenario } from './scenario.js';

/** The result as a table for a terminal. */
export function formatResult({ name, title }: Scenario, { columns, rows, aims, notes = [] }: Result): string {
  const header = ['', ...columns.map(({ title: text, unit }) => (unit ? `${text} [${unit}]` : text))];
  const body = rows.map((row) => [row.name, ...columns.map((column, at) => formatCell(column, row, rows[0], at))]);
  const widths = header.map((_, at) => Math.max(...[header, ...body].map((line) => line[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join('  ');
  return [
    `${name}: ${title}`,
    line(header),
    line(widths.map((width) => '-'.repeat(width))),
    ...body.map(line),
    ...aims.map(formatAim),
    ...notes.map((note) => `  ${note}`),
    '',
  ].join('\n');
}

/** A figure, with the range of its rounds, and with its ratio to that of the first row where they are compared. */
export function formatCell({ isCompared }: Column, row: Row, first: Row | undefined, at: number): string {
  const figure = row.values[at];
  const value = middle(figure);
  if (value === undefined) return '–';
  const range =
    typeof figure === 'object' && figure.length > 1
      ? ` (${formatNumber(Math.min(...figure))}–${formatNumber(Math.max(...figure))})`
      : '';
  const base = middle(first?.values[at]);
  return `${formatNumber(value)}${range}${isCompared && base ? ` ×${(value / base).toFixed(2)}` : ''}`;
}

function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function formatAim({ text, isReached, measured }: Aim): string {
  return `  ${isReached ? 'reached' : 'MISSED '}  ${text}: ${measured}`;
}
