/** HPACK encoder: fields to field blocks (RFC 7541). */

import { ByteWriter } from "../byte-writer.ts";
import { DynamicTable, entrySize } from "./dynamic-table.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from "./static-table.ts";

/** How a field is encoded: for the table, only for now, or so that no one on the way may index it (§7.1.3). */
export type Indexing = "index" | "plain" | "never";

/** The size of a table before any setting (RFC 9113 §6.5.2). */
const INITIAL_SIZE = 4096;

/** We use no larger table, whatever the peer allows: a request's head fits several times. */
const LARGEST_SIZE = 4096;

/** The static entries by name: the first index, and the index of each value. */
interface StaticEntry {
  readonly index: number;
  readonly values: Map<string, number>;
}

/** The dynamic entries by name: the serial number of the newest, and of each value's newest. */
interface DynamicEntry {
  newest: number;
  readonly values: Map<string, number>;
}

const STATIC = staticEntries();

/** Fields have one character per byte, and names are in lower case. */
export class HpackEncoder {
  readonly #table = new DynamicTable(INITIAL_SIZE);
  readonly #entries = new Map<string, DynamicEntry>();
  /** The smallest size since the last block, if it changed (§4.2). */
  #smallest: number | undefined;
  #size = INITIAL_SIZE;
  #settings = 0;
  #out = new ByteWriter(0);

  /** Changes whenever the table changes. A block that left it as it was may be sent again as long as this stays. */
  get version(): number {
    return this.#table.version + this.#settings;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. If it matters, the next block opens with a size update. */
  setTableSize(size: number): void {
    const used = Math.min(size, LARGEST_SIZE);
    if (used === this.#size) return;
    this.#smallest = Math.min(used, this.#smallest ?? used);
    this.#size = used;
    this.#settings++;
  }

  /** A block begins, whose bytes go to `out`. */
  begin(out: ByteWriter): void {
    this.#out = out;
    if (this.#smallest === undefined) return;
    if (this.#smallest < this.#size) this.#resize(this.#smallest);
    this.#resize(this.#size);
    this.#smallest = undefined;
    this.#settings++;
  }

  field(name: string, value: string, how: Indexing): void {
    const entry = how === "never" ? undefined : this.#indexOf(name, value);
    if (entry !== undefined) this.#integer(0x80, 7, entry);
    else if (how === "index" && this.#isWorthwhile(name, value)) {
      this.#integer(0x40, 6, this.#nameIndex(name));
      this.#strings(name, value);
      this.#insert(name, value);
    } else {
      this.#integer(how === "never" ? 0x10 : 0, 4, this.#nameIndex(name));
      this.#strings(name, value);
    }
  }

  /** The block is complete. */
  end(): void {
    this.#out = NOWHERE;
  }

  /** An entry of more than half of the table drives out all others. */
  #isWorthwhile(name: string, value: string): boolean {
    return 2 * entrySize(name, value) <= this.#table.maxSize;
  }

  #indexOf(name: string, value: string): number | undefined {
    const index = STATIC.get(name)?.values.get(value);
    if (index !== undefined) return index;
    const serial = this.#entries.get(name)?.values.get(value);
    return serial === undefined ? undefined : this.#dynamicIndex(serial);
  }

  /** 0: the name stands in no table. */
  #nameIndex(name: string): number {
    const index = STATIC.get(name)?.index;
    if (index !== undefined) return index;
    const newest = this.#entries.get(name)?.newest;
    return newest === undefined ? 0 : this.#dynamicIndex(newest);
  }

  #dynamicIndex(serial: number): number {
    return STATIC_COUNT + this.#table.next - serial;
  }

  /** The name, if the index before it is 0, and the value. */
  #strings(name: string, value: string): void {
    if (this.#nameIndex(name) === 0) this.#string(name);
    this.#string(value);
  }

  #insert(name: string, value: string): void {
    const table = this.#table;
    this.#forget(table.maxSize - entrySize(name, value));
    const serial = table.next;
    table.insert(name, value, "");
    const entry = this.#entries.get(name);
    if (entry === undefined) this.#entries.set(name, { newest: serial, values: new Map([[value, serial]]) });
    else {
      entry.newest = serial;
      entry.values.set(value, serial);
    }
  }

  #resize(size: number): void {
    this.#integer(0x20, 5, size);
    this.#forget(size);
    this.#table.resize(size);
  }

  /** Drops what the table drops when it must come down to `size`. */
  #forget(size: number): void {
    const table = this.#table;
    let left = table.size;
    for (let serial = table.oldest; left > size && serial < table.next; serial++) {
      const name = table.name(serial);
      const value = table.value(serial);
      left -= entrySize(name, value);
      const entry = this.#entries.get(name);
      if (entry?.newest === serial) this.#entries.delete(name);
      else if (entry?.values.get(value) === serial) entry.values.delete(value);
    }
  }

  #integer(pattern: number, prefix: number, value: number): void {
    const out = this.#out;
    const mask = (1 << prefix) - 1;
    if (value < mask) return out.byte(pattern | value);
    out.byte(pattern | mask);
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) out.byte((rest & 0x7f) | 0x80);
    out.byte(rest);
  }

  #string(text: string): void {
    const length = huffmanLength(text);
    if (length < text.length) {
      this.#integer(0x80, 7, length);
      huffmanEncode(text, length, this.#out);
    } else {
      this.#integer(0, 7, text.length);
      this.#out.latin1(text);
    }
  }
}

/** Where bytes go outside of a block. */
const NOWHERE = new ByteWriter(0);

function staticEntries(): Map<string, StaticEntry> {
  const entries = new Map<string, StaticEntry>();
  for (let index = 1; index <= STATIC_COUNT; index++) {
    const name = STATIC_NAMES[index] as string;
    const entry = entries.get(name) ?? { index, values: new Map<string, number>() };
    entries.set(name, entry);
    entry.values.set(STATIC_VALUES[index] as string, index);
  }
  return entries;
}
