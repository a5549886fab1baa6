/** Memory: how much the library keeps that nobody has asked for, and how much it does in one turn of the loop. */

import type { Link } from "./link.ts";
import type { RequestRecord } from "./record.ts";

/** What it needs of its world. */
export interface MemoryWorld {
  readonly ledger: { get(id: number): RequestRecord | undefined };
  fail(what: string): void;
}

/** Bytes off the wire that may wait for a reader: twice the high water, for a response has two queues; pieces beside. */
const KEPT = 2 * 65_536 + 8192;

/** Bytes that may be decoded in one turn of the event loop, or before anybody reads. */
const DECODED = 1_048_576;

/** Whose bytes are not gathered by their reader's wish. */
const MEASURED: ReadonlySet<string> = new Set(["unread", "slowly", "partly", "later", "stream", "leaves"]);

/** The accounts of one world. */
export class Memory {
  readonly #world: MemoryWorld;
  readonly #owners: WeakMap<object, RequestRecord | null> = new WeakMap();
  #turn = 0;

  constructor(world: MemoryWorld) {
    this.#world = world;
  }

  /** A turn of the event loop begins. */
  turn(): void {
    this.#turn = 0;
  }

  /** Bytes were handed to the library. */
  arrived(link: Link, record: RequestRecord | undefined, length: number): void {
    if (record === undefined) return;
    record.arrived += length;
    record.largest = Math.max(record.largest, length);
    const { spec, promised, gathers, leftAt } = record;
    if (gathers || leftAt !== undefined || link.closed || record.crossed || spec.extras.coded !== undefined)
      return;
    if (promised?.framing !== "length" || !MEASURED.has(spec.reading)) return;
    const kept = record.arrived - record.consumed;
    if (kept > KEPT + record.largest)
      this.#world.fail(`${kept} bytes are kept of the answer to request ${spec.id}, which nobody has read`);
  }

  /** `by` decoded them. */
  decoded(bytes: Uint8Array, atOnce: boolean, by: object): void {
    this.#turn += bytes.length;
    if (this.#turn > DECODED) this.#world.fail(`${this.#turn} bytes were decoded in one turn of the loop`);
    const record = this.#ownerOf(bytes, by);
    // Where an answer went to another request, that one's reader reads it.
    if (record === null || atOnce || record.crossed || record.link?.crossed === true) return;
    record.decoded += bytes.length;
    const ahead = record.decoded - record.consumed;
    if (!record.gathers && ahead > DECODED)
      this.#world.fail(
        `${ahead} bytes of the answer to request ${record.spec.id} are decoded, and nobody has read`,
      );
  }

  /** The body tells whose it is, once the last coding is off. */
  #ownerOf(bytes: Uint8Array, by: object): RequestRecord | null {
    const known = this.#owners.get(by);
    if (known !== undefined) return known;
    const digits = /^(\d+)\./.exec(String.fromCharCode(...bytes.subarray(0, 12)));
    const record = (digits === null ? undefined : this.#world.ledger.get(Number(digits[1]))) ?? null;
    this.#owners.set(by, record);
    return record;
  }
}
