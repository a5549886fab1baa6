/**
 * Deadlines: a heap that answers "which connection expires first".
 *
 * A connection's deadline moves with every request, nearly always to a later time. Moving its entry each time would make
 * a release cost more the more connections there are. So an entry stays where it is, and is corrected when it reaches
 * the top. There is one entry per connection, plus one for each time that a deadline moved to an earlier time. Stale
 * entries are removed once they are the majority, so that closed connections are not kept in memory.
 */

/** An item's entry in the heap. */
export interface HeapEntry {
  readonly at: number;
}

interface Entry<T> extends HeapEntry {
  readonly item: T;
}

/** What the heap needs of its items. For a waiter, to expire is to be rejected. */
export interface Expiring {
  /** When the item expires, as of now; `Infinity` for never. */
  retireAt: number;
  /** Its valid entry; other entries of the same item are stale. Written by the heap alone. */
  heapEntry: HeapEntry | undefined;
}

/** Items by the time they expire. */
export class Deadlines<T extends Expiring> {
  #heap: Entry<T>[] = [];
  /** Entries whose item was forgotten or has an earlier entry. */
  #stale = 0;

  /** Entries in memory, stale ones included. */
  get size(): number {
    return this.#heap.length;
  }

  /** Makes sure that the item is found at its `retireAt` or before. */
  watch(item: T): void {
    const { retireAt, heapEntry } = item;
    if (retireAt === Infinity || (heapEntry !== undefined && heapEntry.at <= retireAt)) return;
    const entry = { at: retireAt, item };
    item.heapEntry = entry;
    this.#push(entry);
    if (heapEntry !== undefined) this.#addStale();
  }

  /** The item will never expire. */
  forget(item: T): void {
    if (item.heapEntry === undefined) return;
    item.heapEntry = undefined;
    this.#addStale();
  }

  #addStale(): void {
    this.#stale += 1;
    this.#compact();
  }

  #compact(): void {
    if (2 * this.#stale <= this.#heap.length) return;
    // A sorted array is a heap.
    this.#heap = this.#heap.filter((entry) => entry.item.heapEntry === entry).sort((a, b) => a.at - b.at);
    this.#stale = 0;
  }

  /** A time at or before the next expiry; `Infinity` when nothing expires. */
  next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Takes one item that has expired at `now`, or `undefined` when none has. */
  expired(now: number): T | undefined {
    const item = this.#takeExpired(now);
    this.#compact();
    return item;
  }

  #takeExpired(now: number): T | undefined {
    for (let top = this.#heap[0]; top !== undefined && top.at <= now; top = this.#heap[0]) {
      this.#pop();
      const { item } = top;
      if (item.heapEntry !== top) {
        this.#stale -= 1;
        continue;
      }
      item.heapEntry = undefined;
      if (item.retireAt <= now) return item;
      this.watch(item);
    }
    return undefined;
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || parent.at <= entry.at) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = heap[left + 1];
      let child = heap[left];
      if (child === undefined) break;
      let childAt = left;
      if (right !== undefined && right.at < child.at) {
        child = right;
        childAt = left + 1;
      }
      if (child.at >= moved.at) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = moved;
  }
}
