/** Memory: how many unread bytes the library keeps, and how much it decodes in one turn of the event loop. */

import type { Judges } from "./judges.ts";
import type { Link } from "./link.ts";
import type { RequestRecord } from "./record.ts";

/** What it needs from its world. */
export interface MemoryWorld {
  readonly ledger: { get(id: number): RequestRecord | undefined };
  readonly judges: Judges;
}

/**
 * How many bytes off the wire may wait for a reader: twice the high-water mark, because a response has two queues,
 * plus some chunks.
 */
const KEPT = 2 * 65_536 + 8192;

/** How many bytes may be decoded in one turn of the event loop, or before anybody reads. */
const DECODED = 1_048_576;

/** Ways of reading whose bytes are counted. The others ask for the whole body. */
const MEASURED: ReadonlySet<string> = new Set(["unread", "slowly", "partly", "later", "stream", "leaves"]);

/** The counts of one world. */
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
    const { spec, promised, readsWhole, leftAt } = record;
    if (
      readsWhole ||
      leftAt !== undefined ||
      link.closed ||
      record.crossed ||
      spec.extras.coded !== undefined
    )
      return;
    if (promised?.framing !== "length" || !MEASURED.has(spec.reading)) return;
    const kept = record.arrived - record.consumed;
    this.#world.judges.rules(
      "bytes kept unread",
      promised.length > KEPT,
      kept > KEPT + record.largest,
      () => `${kept} bytes are kept of the answer to request ${spec.id}, unread`,
    );
  }

  /** `by` decoded these bytes. The judges have a case where there is more to decode than may be. */
  decoded(bytes: Uint8Array, atOnce: boolean, by: object): void {
    const { judges } = this.#world;
    this.#turn += bytes.length;
    const record = this.#ownerOf(bytes, by);
    const isBomb = (record?.promised?.run ?? 0) > DECODED;
    judges.rules(
      "bytes decoded in one turn",
      isBomb,
      this.#turn > DECODED,
      () => `${this.#turn} bytes were decoded in one turn of the loop`,
    );
    // If a response went to another request, that request's reader reads it.
    if (record === null || atOnce || record.isUnclear) return;
    record.decoded += bytes.length;
    const ahead = record.decoded - record.consumed;
    judges.rules(
      "bytes decoded unread",
      isBomb && !record.readsWhole,
      ahead > DECODED && !record.readsWhole,
      () => `${ahead} bytes of the answer to request ${record.spec.id} are decoded and unread`,
    );
  }

  /** The decoded payload says whose it is, once the last coding is removed. */
  #ownerOf(bytes: Uint8Array, by: object): RequestRecord | null {
    const known = this.#owners.get(by);
    if (known !== undefined) return known;
    const digits = /^(\d+)\./.exec(String.fromCharCode(...bytes.subarray(0, 12)));
    const record = (digits === null ? undefined : this.#world.ledger.get(Number(digits[1]))) ?? null;
    this.#owners.set(by, record);
    return record;
  }
}
