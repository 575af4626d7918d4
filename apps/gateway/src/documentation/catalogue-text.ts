import {
  type Constructor,
  expectation,
  type Field,
  fieldsOf,
  type FieldType,
  relaxedName,
  statusName,
  SystemClock,
} from '@tigateway/model';
import { standardTrafficFilters } from '@tigateway/proxy';
import {
  type FilterFactory,
  type PredicateFactory,
  RouteCompiler,
  type Shortcut,
  standardCatalogue,
} from '@tigateway/routing';

type Factory = PredicateFactory | FilterFactory;

const INTRODUCTION = `# Predicates and filters

<!-- Written by \`npm run docs\` from what validates definitions. Do not edit. -->

A predicate or filter is written as a shortcut, \`Name=value,value\`, or with its arguments by name:

\`\`\`yaml
filters:
  - RequestSize=5MB
  - name: RequestSize
    args: { max-size: 5MB }
\`\`\`

Names of arguments are relaxed: \`max-size\`, \`maxSize\` and \`MAXSIZE\` are the same, and \`backoff.factor\` is \`factor\` inside
\`backoff\`. A shortcut gives values by their place, in the order that is shown; a comma always separates, nothing quotes it.
Arguments that do not exist, do not fit or are too many are refused, with their names.
`;

/** `docs/catalogue.md`: every predicate and filter of the gateway, from the metadata that validates. */
export function catalogueText(): string {
  const clock = new SystemClock();
  const catalogue = standardCatalogue([], standardTrafficFilters(clock));
  const compiler = new RouteCompiler(catalogue, clock, { ownListeners: [] });
  const byName = (a: Factory, b: Factory): number => (a.name < b.name ? -1 : 1);
  const orderOf = ({ example }: FilterFactory): number | undefined => {
    const predicates = ['Path=/{segment}/**', 'Host={sub}.example.org'];
    const { result } = compiler.compileRoute({ id: 'example', uri: 'no://op', predicates, filters: [example] });
    return result?.filters[0]?.filter.order;
  };
  return [
    INTRODUCTION,
    '## Predicates\n',
    ...[...catalogue.predicates].sort(byName).map((predicate) => sectionOf(predicate)),
    '## Filters\n\nA filter stands in the chain where the route lists it, unless an order is given here.\n',
    ...[...catalogue.filters].sort(byName).map((filter) => sectionOf(filter, orderOf(filter))),
  ].join('\n');
}

function sectionOf({ name, about, args, shortcut, example }: Factory, order?: number): string {
  const rows = rowsOf(args);
  const table =
    rows.length === 0
      ? 'It has no arguments.\n'
      : `| argument | takes | default | |\n| --- | --- | --- | --- |\n${rows.join('')}`;
  return [
    `### ${name}\n`,
    `${about}${order === undefined ? '' : ` Order ${order}.`}\n`,
    `Shortcut: ${shortcutText(name, shortcut, args)}. Example: \`${example}\`\n`,
    table,
  ].join('\n');
}

function shortcutText(name: string, shortcut: Shortcut, args: Constructor): string {
  const keyOf = (path: string): string => {
    const [first = '', ...rest] = path.split('.');
    const field = fieldsOf(args).find((each) => relaxedName(each.key) === relaxedName(first));
    if (field?.type.kind !== 'nested' || rest.length === 0) return field?.key ?? first;
    const inner = fieldsOf(field.type.of()).find((each) => relaxedName(each.key) === relaxedName(rest.join('')));
    return `${field.key}.${inner?.key ?? rest.join('.')}`;
  };
  if (shortcut.kind === 'fields') {
    return shortcut.names.length === 0 ? `\`${name}\`` : `\`${name}=${shortcut.names.map(keyOf).join(',')}\``;
  }
  const flag = shortcut.tailFlag === undefined ? '' : `, and \`${keyOf(shortcut.tailFlag)}\` last`;
  return `\`${name}=\` and the \`${keyOf(shortcut.list)}\`, any number of them${flag}`;
}

/** @param group of arguments that may be left out as a whole, which these belong to */
function rowsOf(type: Constructor, prefix = '', group = ''): string[] {
  const defaults = new type() as Record<string, unknown>;
  return fieldsOf(type).flatMap((field) => {
    const key = `${prefix}${field.key}`;
    if (field.type.kind === 'nested') return rowsOf(field.type.of(), `${key}.`, field.optional ? key : '');
    const value = defaultText(field, defaults[field.name]);
    const otherwise = value === 'required' && group !== '' ? `required in \`${group}\`` : value;
    const facts = [`\`${key}\``, expectation(field.type), otherwise, aboutText(field)];
    return [`| ${facts.map(inTable).join(' | ')} |\n`];
  });
}

function aboutText({ about = '', template }: Field): string {
  return template && !about.includes('{') ? `${about} \`{name}\` is replaced by the URI variable.` : about;
}

function defaultText({ optional, type }: Field, value: unknown): string {
  if (value === undefined) return optional ? 'none' : 'required';
  const text = valueText(type, value);
  return text === '' ? 'none' : `\`${text}\``;
}

function valueText(type: FieldType, value: unknown): string {
  if (Array.isArray(value) && type.kind === 'list') return value.map((each) => valueText(type.of, each)).join(', ');
  if (typeof value === 'number') {
    if (type.kind === 'durationMs') return inUnits(value, DURATIONS);
    if (type.kind === 'sizeBytes') return inUnits(value, SIZES);
    if (type.kind === 'httpStatus') return statusName(value);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const DURATIONS: readonly (readonly [number, string])[] = [
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
  [1, 'ms'],
];
const SIZES: readonly (readonly [number, string])[] = [
  [1_048_576, 'MB'],
  [1_024, 'KB'],
  [1, 'B'],
];

function inUnits(value: number, units: readonly (readonly [number, string])[]): string {
  const [size, name] = units.find(([each]) => value !== 0 && value % each === 0) ?? [1, ''];
  return `${value / size}${name}`;
}

function inTable(text: string): string {
  return text.replaceAll('|', '\\|');
}
