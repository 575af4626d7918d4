/** Items of one lane follow each other; lanes do not wait for each other. */
export class Lanes<Item extends { readonly lane: string }> {
  private readonly lanes = new Map<string, Item[]>();
  /** Lanes whose first item may go, in the order in which they became free. */
  private readonly free = new Set<string>();

  add(item: Item): void {
    const lane = this.lanes.get(item.lane);
    if (lane) {
      lane.push(item);
      return;
    }
    this.lanes.set(item.lane, [item]);
    this.free.add(item.lane);
  }

  /** The next item that may go; its lane is busy until `done` or `again`. */
  next(): Item | undefined {
    for (const name of this.free) {
      this.free.delete(name);
      return this.lanes.get(name)?.[0];
    }
    return undefined;
  }

  /** The item is through with: the one behind it may go. */
  done({ lane: name }: Item): void {
    const lane = this.lanes.get(name);
    lane?.shift();
    if (!lane || lane.length === 0) this.lanes.delete(name);
    else this.free.add(name);
  }

  /** The item may go once more. */
  again({ lane }: Item): void {
    if (this.lanes.has(lane)) this.free.add(lane);
  }
}
