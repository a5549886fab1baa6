/**
 * Stream table: the open streams of one connection, by number. Numbers are odd and go up by two, so that each stream has a slot of
 * its own in a ring. A `Map` that changes all the time takes three times as long, and V8 gives it a new table in the old
 * generation again and again.
 */

import type { Http2Stream } from "./stream.ts";

/** Slots at first. There are at least twice as many as streams. */
const FIRST_SLOTS = 32;

/** Open streams. */
export class StreamTable {
  #size = 0;
  #slots: (Http2Stream | undefined)[] = emptySlots(FIRST_SLOTS);
  /** Those whose slot was still taken by a stream that has been open for very long. */
  readonly #others: Map<number, Http2Stream> = new Map();

  get size(): number {
    return this.#size;
  }

  get(id: number): Http2Stream | undefined {
    const stream = this.#slots[this.#slotOf(id)];
    if (stream?.id === id) return stream;
    return this.#others.size > 0 ? this.#others.get(id) : undefined;
  }

  add(stream: Http2Stream): void {
    this.#size += 1;
    if (2 * this.#size > this.#slots.length) this.#grow();
    this.#put(stream);
  }

  delete(id: number): void {
    const slot = this.#slotOf(id);
    if (this.#slots[slot]?.id === id) this.#slots[slot] = undefined;
    else if (!this.#others.delete(id)) return;
    this.#size -= 1;
  }

  /** Bytes of responses that are known to come, as far as the peer may send them at once. */
  awaitedBytes(): number {
    let bytes = 0;
    for (const stream of this.#slots)
      if (stream?.remaining !== undefined) bytes += Math.min(stream.remaining, stream.receiveWindow);
    return bytes;
  }

  /** All of them, the oldest first. */
  all(): Http2Stream[] {
    const streams = [...this.#others.values()];
    for (const stream of this.#slots) if (stream !== undefined) streams.push(stream);
    return streams.sort((a, b) => a.id - b.id);
  }

  clear(): void {
    this.#size = 0;
    this.#slots = emptySlots(FIRST_SLOTS);
    this.#others.clear();
  }

  #slotOf(id: number): number {
    return (id >>> 1) & (this.#slots.length - 1);
  }

  #put(stream: Http2Stream): void {
    const slot = this.#slotOf(stream.id);
    if (this.#slots[slot] === undefined) this.#slots[slot] = stream;
    else this.#others.set(stream.id, stream);
  }

  #grow(): void {
    const streams = this.all();
    this.#slots = emptySlots(2 * this.#slots.length);
    this.#others.clear();
    for (const stream of streams) this.#put(stream);
  }
}

function emptySlots(count: number): (Http2Stream | undefined)[] {
  return new Array(count).fill(undefined);
}
