import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { barChart } from './chart.js';
import { describeMachine } from './machine.js';
import { formatCell } from './report.js';
import type { Result, Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios/catalogue.js';

const FOLDER = 'docs/benchmarks';
const FIGURES = join(FOLDER, 'figures.json');
const PAGE = 'docs/benchmarks.md';
const HEAD = `# Benchmarks

Made by \`npm run bench\` ([test/bench](../test/bench/README.md)): each scenario shows its newest run. The machine is named with each;
it is small and shared, so compare the figures of one run with each other, and not with those of another machine. What was tried for
speed, and what it gave, is told in [performance.md](performance.md).
`;

interface Figures extends Result {
  readonly takenAt: string;
  readonly machine: ReturnType<typeof describeMachine>;
}

type AllFigures = Readonly<Record<string, Figures>>;

/** Puts the result on the page of benchmarks, in the place of the one before. */
export async function publish({ name }: Scenario, result: Result): Promise<void> {
  if (result.rows.length === 0) return;
  const known = existsSync(FIGURES) ? (JSON.parse(readFileSync(FIGURES, 'utf8'), missingAsNaN) as AllFigures) : {};
  const takenAt = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const figures: AllFigures = { ...known, [name]: { takenAt, machine: describeMachine(), ...result } };
  mkdirSync(FOLDER, { recursive: true });
  for (const [at, column] of result.columns.entries()) {
    if (column.isCompared) {
      writeFileSync(join(FOLDER, `${name}-${at}.svg`), barChart(column.title, column, result.rows, at));
    }
  }
  writeFileSync(FIGURES, await format(JSON.stringify(figures), { parser: 'json', printWidth: 120 }));
  writeFileSync(PAGE, await format(pageOf(figures), { parser: 'markdown', printWidth: 120 }));
}

/** JSON has no number for what could not be measured. */
function missingAsNaN(_: string, value: unknown): unknown {
  return value ?? Number.NaN;
}

function pageOf(figures: AllFigures): string {
  const parts = SCENARIOS.flatMap((scenario) => {
    const found = figures[scenario.name];
    return found ? [sectionOf(scenario, found)] : [];
  });
  return [HEAD, ...parts].join('\n');
}

function sectionOf({ name, title }: Scenario, { columns, rows, aims, notes = [], takenAt, machine }: Figures): string {
  const header = ['', ...columns.map((column) => (column.unit ? `${column.title} [${column.unit}]` : column.title))];
  const table = [
    header,
    header.map((_, at) => (at === 0 ? '---' : '--:')),
    ...rows.map((row) => [row.name, ...columns.map((column, at) => formatCell(column, row, rows[0], at))]),
  ];
  const charts = columns.flatMap((column, at) =>
    column.isCompared ? [`![${column.title}](benchmarks/${name}-${at}.svg)`] : [],
  );
  return [
    `## ${name}`,
    '',
    `${title}. Taken ${takenAt} UTC on ${machine['cores']} cores of ${machine['cpu']}, Node ${machine['node']}.`,
    '',
    ...table.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    ...charts.flatMap((chart) => [chart, '']),
    ...aims.map(
      ({ text, isReached, measured }) => `- ${isReached ? 'reached' : '**missed**'}: ${text}; measured ${measured}`,
    ),
    '',
    ...notes,
    '',
  ].join('\n');
}
