const MOST_TEXTS = 4_096;

/** What equal texts were compiled to. Forgets everything when it is full: what is repeated is soon known again. */
export class SharedByText<T> {
  private readonly known = new Map<string, T>();

  get(text: string): T | undefined {
    return this.known.get(text);
  }

  keep(text: string, compiled: T): void {
    if (this.known.size >= MOST_TEXTS) this.known.clear();
    this.known.set(text, compiled);
  }
}
