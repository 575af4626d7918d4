/**
 * The header fields of one message: lines in their order, names in the case they came in, duplicates kept. Names compare
 * without case. The flat `[name, value, name, value, …]` form is the one that engines read and write, so it is never copied
 * into another.
 */
export class HeaderList {
  constructor(private readonly lines: string[] = []) {}

  /** `[name, value, …]` as it goes on the wire. Read only; use the methods to change it. */
  get raw(): readonly string[] {
    return this.lines;
  }

  /** The first line's value. */
  get(name: string): string | undefined {
    const lower = name.toLowerCase();
    for (let at = 0; at < this.lines.length; at += 2) {
      if (isName(this.lines[at] as string, lower)) return this.lines[at + 1];
    }
    return undefined;
  }

  /** The value of every line of that name, unsplit. */
  getAll(name: string): string[] {
    const lower = name.toLowerCase();
    const values: string[] = [];
    for (let at = 0; at < this.lines.length; at += 2) {
      if (isName(this.lines[at] as string, lower)) values.push(this.lines[at + 1] as string);
    }
    return values;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Adds a line at the end; existing lines stay. */
  append(name: string, value: string): void {
    this.lines.push(name, value);
  }

  /** Leaves exactly one line of that name, in the place of the first one. */
  set(name: string, value: string): void {
    const lower = name.toLowerCase();
    for (let at = 0; at < this.lines.length; at += 2) {
      if (!isName(this.lines[at] as string, lower)) continue;
      this.lines[at + 1] = value;
      this.removeFrom(at + 2, lower);
      return;
    }
    this.append(name, value);
  }

  remove(name: string): void {
    this.removeFrom(0, name.toLowerCase());
  }

  /** Keeps only the lines for which `keep` is true; `name` comes in lower case. */
  retain(keep: (name: string, value: string) => boolean): void {
    let kept = 0;
    for (let at = 0; at < this.lines.length; at += 2) {
      const name = this.lines[at] as string;
      const value = this.lines[at + 1] as string;
      if (!keep(name.toLowerCase(), value)) continue;
      this.lines[kept++] = name;
      this.lines[kept++] = value;
    }
    this.lines.length = kept;
  }

  clone(): HeaderList {
    return new HeaderList(this.lines.slice());
  }

  private removeFrom(start: number, lower: string): void {
    let kept = start;
    for (let at = start; at < this.lines.length; at += 2) {
      const name = this.lines[at] as string;
      if (isName(name, lower)) continue;
      this.lines[kept++] = name;
      this.lines[kept++] = this.lines[at + 1] as string;
    }
    this.lines.length = kept;
  }
}

function isName(name: string, lower: string): boolean {
  return name.length === lower.length && (name === lower || name.toLowerCase() === lower);
}
