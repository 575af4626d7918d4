/** Which services there are to make routes for; the process says who knows. */
export abstract class KnownServices {
  /** In a stable order. */
  abstract readonly names: readonly string[];
  /**
   * Calls `listener` after each change of the names.
   * @returns ends it
   */
  abstract onChange(listener: () => void): () => void;
}
