/**
 * Gathered reads: small answers of one poll of the event loop are kept until all sockets were read, and are then delivered one
 * right after the other. Between two of them there is no system call, and so the code that handles them stays in the processor's
 * caches. Node gives each read to a callback of its own, in between its own calls of `read`.
 *
 * Only the first bytes behind a request are kept, while somebody waits for them. Bytes that nobody has asked for are told at once,
 * so that no request is written behind them. HTTP/2 writes no text, and so it asks for nothing here.
 */

import { immediate } from "./immediate.ts";
import type { ReceiveQueue } from "./receive-queue.ts";

/** 64 KiB is libuv's default. */
export const READ_BYTES: number = 64 * 1024;

/** The largest answer that is kept. Of a larger one the copy costs more, and the caches gain less. */
const SLOT_BYTES = 2048;
/** When so many are kept they are delivered. */
const SLOTS = 64;
/**
 * Answers are kept if the turn before had so many requests. With fewer, a copy and an immediate cost more than they save: with 4 here, 8
 * connections took 3 % more.
 */
const MANY = 16;

/** The writes of the same sockets: a `WriteBatch`. */
interface Writes {
  /** How many have written in the last turn in which several did. */
  readonly lastWrites: number;
  /** Their turn ends with the next immediates. */
  endSoon(): void;
}

/** The reads of all sockets of a transport. */
export class GatheredReads {
  /** All sockets read into this, because handlers consume the bytes before they return. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** The read buffer, and the slots behind it, so that one call copies without a view of what was read. */
  readonly #memory: Uint8Array<ArrayBuffer>;
  #slots: readonly Uint8Array[] = [];
  /** Whose answer is in each slot. Not a list that is emptied: V8 would give it new memory each time. */
  readonly #owners: (ReceiveQueue | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #lengths: number[] = Array.from({ length: SLOTS }, () => 0);
  /** How many are kept, and how many of those were delivered. */
  #kept = 0;
  #delivered = 0;
  #isScheduled = false;
  readonly #writes: Writes;
  readonly #deliverLater = (): void => this.#pollIsOver();

  constructor(alloc: (length: number) => Uint8Array<ArrayBuffer>, writes: Writes) {
    this.#memory = alloc(READ_BYTES + SLOTS * SLOT_BYTES);
    this.buffer = this.#memory.subarray(0, READ_BYTES);
    this.#writes = writes;
  }

  /** A socket has read `length` bytes into the buffer. */
  read(queue: ReceiveQueue, length: number, more: boolean): void {
    if (queue.sinceAsked === "nothing" && length <= SLOT_BYTES && !more && this.#keeps()) {
      this.#keep(queue, length);
      return;
    }
    if (queue.sinceAsked === "kept") this.deliver();
    queue.sinceAsked = "something";
    queue.data(this.buffer, length, more);
  }

  #keeps(): boolean {
    return this.#isScheduled || this.#writes.lastWrites >= MANY;
  }

  #keep(queue: ReceiveQueue, length: number): void {
    if (!this.#isScheduled) this.#schedule();
    if (this.#kept === SLOTS) this.deliver();
    queue.sinceAsked = "kept";
    this.#memory.copyWithin(READ_BYTES + this.#kept * SLOT_BYTES, 0, length);
    this.#lengths[this.#kept] = length;
    this.#owners[this.#kept] = queue;
    this.#kept += 1;
  }

  #schedule(): void {
    if (this.#slots.length === 0) this.#slots = slotsOf(this.#memory);
    this.#isScheduled = true;
    immediate(this.#deliverLater);
    this.#writes.endSoon();
  }

  #pollIsOver(): void {
    this.#isScheduled = false;
    this.deliver();
  }

  /** Delivers what is kept. */
  deliver(): void {
    if (this.#kept === 0) return;
    try {
      while (this.#delivered < this.#kept) this.#deliverNext();
    } finally {
      // A handler that throws is a bug, but not of the others.
      if (this.#delivered < this.#kept) immediate(() => this.deliver());
      else {
        this.#kept = 0;
        this.#delivered = 0;
      }
    }
  }

  #deliverNext(): void {
    const at = this.#delivered;
    this.#delivered += 1;
    const queue = this.#owners[at];
    const slot = this.#slots[at];
    this.#owners[at] = undefined;
    if (queue === undefined || slot === undefined) return;
    queue.sinceAsked = "something";
    queue.data(slot, this.#lengths[at] ?? 0, false);
  }
}

function slotsOf(memory: Uint8Array<ArrayBuffer>): readonly Uint8Array[] {
  const slot = (_: unknown, index: number) => {
    const start = READ_BYTES + index * SLOT_BYTES;
    return memory.subarray(start, start + SLOT_BYTES);
  };
  return Array.from({ length: SLOTS }, slot);
}
