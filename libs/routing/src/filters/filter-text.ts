/** A text shown without quotes, as Spring shows enums and sizes. */
export class Unquoted {
  constructor(readonly text: string) {}
}

export type ShownValue = string | number | boolean | undefined | Unquoted;

/** A filter as the actuator shows it, in Spring's style: `[AddRequestHeader X-A = 'b']`, fields parted by commas. */
export function filterText(
  name: string,
  fields: readonly (readonly [field: string, value: ShownValue])[] = [],
): string {
  if (fields.length === 0) return `[${name}]`;
  return `[${name} ${fields.map(([field, value]) => `${field} = ${valueText(value)}`).join(', ')}]`;
}

function valueText(value: ShownValue): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value instanceof Unquoted) return value.text;
  return value === undefined ? '[null]' : String(value);
}
