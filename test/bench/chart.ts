import { type Column, middle, type Row } from './scenario.js';

const WIDTH = 760;
const NAME_WIDTH = 260;
const VALUE_WIDTH = 110;
const BAR_HEIGHT = 20;
const GAP = 8;
const TOP = 40;

/** One column as horizontal bars, as an SVG document that reads on a light and on a dark page. */
export function barChart(title: string, column: Column, rows: readonly Row[], at: number): string {
  const shown = rows.flatMap(({ name, values }) => {
    const value = middle(values[at]);
    return value === undefined ? [] : [{ name, value }];
  });
  const largest = Math.max(...shown.map(({ value }) => value), Number.MIN_VALUE);
  const room = WIDTH - NAME_WIDTH - VALUE_WIDTH;
  const height = TOP + shown.length * (BAR_HEIGHT + GAP);
  const unit = column.unit ? ` ${column.unit}` : '';
  const bars = shown.map(({ name, value }, index) => {
    const y = TOP + index * (BAR_HEIGHT + GAP);
    const width = Math.max(1, (value / largest) * room);
    const middle = y + BAR_HEIGHT / 2;
    return [
      `<text x="${NAME_WIDTH - 8}" y="${middle}" text-anchor="end" dominant-baseline="central">${escaped(name)}</text>`,
      `<rect x="${NAME_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<text x="${(NAME_WIDTH + width + 6).toFixed(1)}" y="${middle}" dominant-baseline="central">${shortened(value)}${escaped(unit)}</text>`,
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    '<style>text{fill:#24292f}rect{fill:#2f81f7}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>',
    `<text x="0" y="20" font-size="15" font-weight="600">${escaped(title)}</text>`,
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}

function shortened(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
