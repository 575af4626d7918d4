/** Up to here a map is made anew with each change. */
const SMALL = 32;
/** Entries that are carried over between two pauses. */
const STEP = 1_024;

/**
 * A persistent map by text, made for being read with every request: a large part that versions share, and what has changed
 * since it was made. A read costs the same at any size, since V8 hashes a text once and natively; a change costs the square
 * root of the size.
 */
export class TextMap<V extends object> {
  private constructor(
    private readonly shared: ReadonlyMap<string, V>,
    /** `undefined`: no longer there. */
    private readonly changed: ReadonlyMap<string, V | undefined> | undefined,
    readonly size: number,
  ) {}

  get(key: string): V | undefined {
    if (this.changed !== undefined) {
      const value = this.changed.get(key);
      if (value !== undefined || this.changed.has(key)) return value;
    }
    return this.shared.get(key);
  }

  /**
   * The map after an edit; `undefined` where nothing is left. Yields now and then, so that the caller can give way.
   * @param map what is there already
   * @param edits what each key is from now on; `undefined`: no longer there
   */
  static *edited<V extends object>(
    map: TextMap<V> | undefined,
    edits: ReadonlyMap<string, V | undefined>,
  ): Generator<void, TextMap<V> | undefined> {
    const changed = new Map(map?.changed);
    let size = map?.size ?? 0;
    let steps = 0;
    for (const [key, value] of edits) {
      size += (value === undefined ? 0 : 1) - (map?.get(key) === undefined ? 0 : 1);
      changed.set(key, value);
      if (++steps % STEP === 0) yield;
    }
    if (size === 0) return undefined;
    const shared: ReadonlyMap<string, V> = map?.shared ?? new Map<string, V>();
    if (changed.size <= Math.max(SMALL, 2 * Math.sqrt(shared.size)) && shared.size > SMALL) {
      return new TextMap(shared, changed, size);
    }
    const whole = new Map<string, V>();
    for (const part of [shared, changed]) {
      for (const [key, value] of part) {
        if (value !== undefined && (part === changed || !changed.has(key))) whole.set(key, value);
        if (++steps % STEP === 0) yield;
      }
    }
    return new TextMap(whole, undefined, size);
  }
}
