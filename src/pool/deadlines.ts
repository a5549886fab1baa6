/**
 * Deadlines: a heap that answers "which connection expires first".
 *
 * A connection's deadline moves with every request, nearly always to a later time. Moving the entry each time
 * would make release cost more the more connections there are, so an entry stays where it is and is put right
 * when it comes up: one entry per connection, plus one for each time a deadline moved forward. Entries that mean
 * nothing any more are cleared out once they are the majority, so that closed connections are not remembered.
 */

interface Entry<T> {
  readonly at: number;
  readonly item: T;
}

/** What the heap needs of its items. */
export interface Expiring {
  /** When the item expires now; `Infinity` while it does not. */
  until: number;
  /** The earliest time for which the heap holds an entry; kept by the heap. */
  alarmAt: number;
}

/** Items by the time they expire. */
export class Deadlines<T extends Expiring> {
  #heap: Entry<T>[] = [];
  /** Entries whose item is gone or has an earlier entry. */
  #stale = 0;

  /** Entries held, those that mean nothing included. */
  get size(): number {
    return this.#heap.length;
  }

  /** Makes sure the item comes up by its `until`. */
  watch(item: T): void {
    if (item.until === Infinity || item.alarmAt <= item.until) return;
    const moved = item.alarmAt !== Infinity;
    item.alarmAt = item.until;
    this.#push({ at: item.until, item });
    if (moved) this.#outdated();
  }

  /** The item will never expire. */
  forget(item: T): void {
    if (item.alarmAt === Infinity) return;
    item.alarmAt = Infinity;
    this.#outdated();
  }

  #outdated(): void {
    this.#stale += 1;
    if (2 * this.#stale <= this.#heap.length) return;
    // What is sorted is a heap.
    this.#heap = this.#heap.filter(({ at, item }) => item.alarmAt === at).sort((a, b) => a.at - b.at);
    this.#stale = 0;
  }

  /** A time at or before the next expiry; `Infinity` when nothing expires. */
  next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Takes one item that has expired at `now`, or `undefined` when none has. */
  expired(now: number): T | undefined {
    for (let top = this.#heap[0]; top !== undefined && top.at <= now; top = this.#heap[0]) {
      this.#pop();
      const { item } = top;
      if (item.alarmAt !== top.at) {
        this.#stale = Math.max(0, this.#stale - 1);
        continue;
      }
      item.alarmAt = Infinity;
      if (item.until <= now) return item;
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
