/** A filter as the actuator shows it, in Spring's style: `[AddRequestHeader X-A = 'b']`, fields parted by commas. */
export function filterText(name: string, fields: readonly (readonly [field: string, value: unknown])[] = []): string {
  if (fields.length === 0) return `[${name}]`;
  return `[${name} ${fields.map(([field, value]) => `${field} = ${valueText(value)}`).join(', ')}]`;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `list[${value.map(valueText).join(', ')}]`;
  return value === undefined ? '[null]' : String(value);
}

/** A value shown without quotes, as Spring shows enums and sizes. */
export function unquoted(text: string): object {
  return { toString: () => text };
}
