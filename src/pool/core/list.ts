/** List: a doubly linked list whose nodes belong to its items. Adding and removing cost the same at any length. */

/** One item's place in a list. An item keeps its node and uses it each time that it is listed. */
export interface ListNode<T> {
  readonly item: T;
  prev: ListNode<T> | undefined;
  next: ListNode<T> | undefined;
  listed: boolean;
}

/** A node for `item`, in no list. */
export function listNode<T>(item: T): ListNode<T> {
  return { item, prev: undefined, next: undefined, listed: false };
}

/** Items in the order in which they were added. */
export class List<T> {
  size = 0;
  #first: ListNode<T> | undefined;
  #last: ListNode<T> | undefined;

  get first(): T | undefined {
    return this.#first?.item;
  }

  get last(): T | undefined {
    return this.#last?.item;
  }

  /** Adds at the end. */
  push(node: ListNode<T>): void {
    this.insert(node, undefined);
  }

  /** Adds at the start. */
  unshift(node: ListNode<T>): void {
    this.insert(node, this.#first);
  }

  /** Adds before `next`, or at the end. */
  insert(node: ListNode<T>, next: ListNode<T> | undefined): void {
    const prev = next === undefined ? this.#last : next.prev;
    node.prev = prev;
    node.next = next;
    node.listed = true;
    if (prev === undefined) this.#first = node;
    else prev.next = node;
    if (next === undefined) this.#last = node;
    else next.prev = node;
    this.size += 1;
  }

  /**
   * Puts a node in its place in a list that is ordered by `precedes`. A node that is listed moves on from where it is,
   * past the neighbours that are out of order with it.
   */
  place(node: ListNode<T>, precedes: (one: T, other: T) => boolean): void {
    const { item } = node;
    let { prev, next } = node;
    if (node.listed) {
      const isAfter = prev === undefined || !precedes(item, prev.item);
      if (isAfter && (next === undefined || !precedes(next.item, item))) return;
      this.remove(node);
    } else if (this.#first !== undefined && !precedes(this.#first.item, item)) next = this.#first;
    else prev = this.#last;
    while (prev !== undefined && precedes(item, prev.item)) {
      next = prev;
      prev = prev.prev;
    }
    while (next !== undefined && precedes(next.item, item)) next = next.next;
    this.insert(node, next);
  }

  /** Takes a node out; does nothing when it is not listed. */
  remove(node: ListNode<T>): void {
    if (!node.listed) return;
    if (node.prev === undefined) this.#first = node.next;
    else node.prev.next = node.next;
    if (node.next === undefined) this.#last = node.prev;
    else node.next.prev = node.prev;
    node.prev = undefined;
    node.next = undefined;
    node.listed = false;
    this.size -= 1;
  }

  /** The first item that `matches`. */
  find(matches: (item: T) => boolean): T | undefined {
    let node = this.#first;
    while (node !== undefined && !matches(node.item)) node = node.next;
    return node?.item;
  }

  /** The last item that `matches`. */
  findLast(matches: (item: T) => boolean): T | undefined {
    let node = this.#last;
    while (node !== undefined && !matches(node.item)) node = node.prev;
    return node?.item;
  }

  *[Symbol.iterator](): Generator<T> {
    let node = this.#first;
    while (node !== undefined) {
      const { item, next } = node;
      yield item;
      node = next;
    }
  }
}
