/** Dynamic table: a ring of the fields that were inserted last (RFC 7541 §2.3.2, §4). */

/** What a table counts for an entry beside its name and value (§4.1). */
const ENTRY_OVERHEAD = 32;

/** The size of an entry as both sides count it. */
export function entrySize(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

/** Entries have serial numbers, from 0 in the order of insertion. Those from `oldest` to `next - 1` are there. */
export class DynamicTable {
  oldest = 0;
  next = 0;
  /** What the entries take together. */
  size = 0;
  /** What they may take. */
  maxSize: number;
  /** Changes with every change of what is in the table. */
  version = 0;
  /** Parallel arrays, whose length is a power of two: an entry is no object. */
  #names: string[] = new Array(16).fill("");
  #values: string[] = new Array(16).fill("");
  #lines: string[] = new Array(16).fill("");

  constructor(maxSize: number) {
    this.maxSize = maxSize;
  }

  get count(): number {
    return this.next - this.oldest;
  }

  name(serial: number): string {
    return this.#names[serial & (this.#names.length - 1)] as string;
  }

  value(serial: number): string {
    return this.#values[serial & (this.#values.length - 1)] as string;
  }

  line(serial: number): string {
    return this.#lines[serial & (this.#lines.length - 1)] as string;
  }

  /** Drops old entries until `more` bytes have room, or nothing is left. What comes next changes the version. */
  makeRoom(more: number): void {
    while (this.size + more > this.maxSize && this.oldest < this.next) {
      const slot = this.oldest++ & (this.#names.length - 1);
      this.size -= entrySize(this.#names[slot] as string, this.#values[slot] as string);
      this.#names[slot] = "";
      this.#values[slot] = "";
      this.#lines[slot] = "";
    }
  }

  /** An entry larger than the table empties it, and is not inserted (§4.4). */
  insert(name: string, value: string, line: string): void {
    const size = entrySize(name, value);
    this.makeRoom(size);
    this.version++;
    if (size > this.maxSize) return;
    if (this.count === this.#names.length) this.#grow();
    const slot = this.next++ & (this.#names.length - 1);
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#lines[slot] = line;
    this.size += size;
  }

  resize(maxSize: number): void {
    if (maxSize === this.maxSize) return;
    this.maxSize = maxSize;
    this.version++;
    this.makeRoom(0);
  }

  #grow(): void {
    this.#names = this.#larger(this.#names);
    this.#values = this.#larger(this.#values);
    this.#lines = this.#larger(this.#lines);
  }

  #larger(ring: readonly string[]): string[] {
    const larger = new Array<string>(2 * ring.length).fill("");
    for (let serial = this.oldest; serial < this.next; serial++) {
      larger[serial & (larger.length - 1)] = ring[serial & (ring.length - 1)] as string;
    }
    return larger;
  }
}
