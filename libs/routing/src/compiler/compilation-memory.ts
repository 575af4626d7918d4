import type { Clock, Json } from '@tigateway/model';
import type { Compilation } from './compilation.js';

/** What nobody has taken after this long was validated and not put in force. */
const KEPT_MS = 60_000;

/**
 * Keeps what was compiled to be validated until it is taken to be put in force, by the identity of the definition. Strong
 * references and a limit in time, because a WeakMap of 100,000 routes makes each of V8's short collections three times as
 * long.
 */
export class CompilationMemory<T> {
  private young = new Map<Json, Compilation<T>>();
  private old = new Map<Json, Compilation<T>>();
  private isAgeing = false;

  constructor(private readonly clock: Clock) {}

  get(definition: Json): Compilation<T> | undefined {
    return this.young.get(definition) ?? this.old.get(definition);
  }

  /** Like `get`, and forgets it. */
  take(definition: Json): Compilation<T> | undefined {
    const known = this.get(definition);
    if (known !== undefined && !this.young.delete(definition)) this.old.delete(definition);
    return known;
  }

  keep(definition: Json, compilation: Compilation<T>): void {
    this.young.set(definition, compilation);
    if (!this.isAgeing) this.age();
  }

  private age(): void {
    this.isAgeing = true;
    this.clock.schedule(KEPT_MS, () => {
      this.old = this.young;
      this.young = new Map();
      this.isAgeing = false;
      if (this.old.size > 0) this.age();
    });
  }
}
