/** HPACK decoder: field blocks to fields (RFC 7541). */

import type { TextCodec } from "../../contract/transport.ts";
import { FIELD, TOKEN } from "../../http1/syntax.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { HpackError } from "./hpack-error.ts";
import { huffmanDecode, mostDecoded } from "./huffman.ts";
import { STATIC_COUNT, STATIC_LINES, STATIC_NAMES, STATIC_VALUES } from "./static-table.ts";
import { isRemembered, rememberedText, rememberText } from "./value-memo.ts";

/** Takes the fields of a block, in their order. */
export interface FieldSink {
  /**
   * All strings have one character per byte.
   *
   * @param line `name: value\r\n`, or `""` if the field is malformed (RFC 9113 §8.2.1). A name is then not a token in
   *   lower case, with a colon before it or not, or a value has a control character. Space around a value is left there.
   * @param sensitive The field came as never indexed (RFC 7541 §7.1.3).
   */
  field(name: string, value: string, line: string, sensitive: boolean): void;
}

/** The size of a table before any setting (RFC 9113 §6.5.2). */
const INITIAL_SIZE = 4096;

/** No integer is larger (§5.1): a table size is a SETTINGS value, all others are bound by the block. */
const LARGEST = 2 ** 31 - 1;

/** Bytes beyond the prefix that an integer may have. Five hold 35 bits. */
const INTEGER_BYTES = 5;

const COLON = 0x3a;

/** 1 for a byte of a name: a `tchar`, but in lower case. */
const NAME = TOKEN.map((allowed, byte) => (byte >= 0x41 && byte <= 0x5a ? 0 : allowed));

/** After any error, one that a sink threw included, the table is not the peer's any more: the connection must end. */
export class HpackDecoder {
  readonly #text: TextCodec;
  readonly #table: DynamicTable;
  /** What a size update may ask for. */
  #limit: number;
  /** A lower limit was announced: the next block must begin with a size update (§4.2). */
  #mustUpdate = false;
  /** The block being read. */
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  /** What the last string that was read is made of. */
  #wellFormed = true;
  #scratch = new Uint8Array(256);

  /** @param tableSize What we announced as SETTINGS_HEADER_TABLE_SIZE with the first SETTINGS. */
  constructor(tableSize: number, text: TextCodec) {
    this.#text = text;
    this.#limit = tableSize;
    // A peer says so if it makes use of more than the initial size.
    this.#table = new DynamicTable(Math.min(INITIAL_SIZE, tableSize));
  }

  /**
   * Changes whenever the dynamic table changes. A block that was decoded without a change decodes to the same fields as
   * long as this stays.
   */
  get version(): number {
    return this.#table.version;
  }

  /** The peer acknowledged this SETTINGS_HEADER_TABLE_SIZE of ours. */
  setTableSize(size: number): void {
    this.#limit = size;
    if (size < this.#table.maxSize) this.#mustUpdate = true;
  }

  /**
   * Decodes a whole block: of HEADERS and its CONTINUATIONs together.
   *
   * @throws {HpackError} if the block is malformed.
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: FieldSink): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#sizeUpdates();
    while (this.#at < end) {
      const first = bytes[this.#at] as number;
      if (first >= 0x80) this.#indexed(sink);
      else if (first >= 0x40) this.#literal(6, sink);
      else if (first >= 0x20) throw new HpackError("A table size update is not at the beginning of a block");
      else this.#literal(4, sink);
    }
  }

  #sizeUpdates(): void {
    while (this.#at < this.#end && ((this.#bytes[this.#at] as number) & 0xe0) === 0x20) {
      const size = this.#integer(5);
      if (size > this.#limit) {
        throw new HpackError(`A table size of ${size} is more than the ${this.#limit} announced`);
      }
      this.#mustUpdate = false;
      this.#table.resize(size);
    }
    if (this.#mustUpdate)
      throw new HpackError("A block does not begin with the table size update that is due");
  }

  #indexed(sink: FieldSink): void {
    const index = this.#integer(7);
    if (index > STATIC_COUNT) {
      const serial = this.#serial(index);
      const table = this.#table;
      sink.field(table.name(serial), table.value(serial), table.line(serial), false);
      return;
    }
    if (index === 0) throw new HpackError("There is no table entry 0");
    const name = STATIC_NAMES[index] as string;
    sink.field(name, STATIC_VALUES[index] as string, STATIC_LINES[index] as string, false);
  }

  /** The entry of the dynamic table with this index: the newest has the lowest. */
  #serial(index: number): number {
    const serial = this.#table.next - (index - STATIC_COUNT);
    if (serial < this.#table.oldest) throw new HpackError(`There is no table entry ${index}`);
    return serial;
  }

  /** A prefix of 6 bits: to be inserted into the table. One of 4 bits: not so, perhaps never. */
  #literal(prefix: 4 | 6, sink: FieldSink): void {
    const sensitive = ((this.#bytes[this.#at] as number) & 0xf0) === 0x10;
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string(true) : this.#indexedName(index);
    const nameWellFormed = this.#wellFormed;
    const value = prefix === 4 && !sensitive ? this.#literalValue() : this.#string(false);
    const line = nameWellFormed && this.#wellFormed ? `${name}: ${value}\r\n` : "";
    if (prefix === 6) this.#table.insert(name, value, line);
    sink.field(name, value, line, sensitive);
  }

  #indexedName(index: number): string {
    this.#wellFormed = true;
    if (index <= STATIC_COUNT) return STATIC_NAMES[index] as string;
    const serial = this.#serial(index);
    const name = this.#table.name(serial);
    // An entry without a line may have a good name all the same.
    if (this.#table.line(serial) === "") this.#wellFormed = isName(name);
    return name;
  }

  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = (this.#bytes[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let more = 0, factor = 1; more < INTEGER_BYTES; more++, factor *= 128) {
      if (this.#at >= this.#end) throw new HpackError("A block ends within an integer");
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80 && value <= LARGEST) return value;
    }
    throw new HpackError("An integer is too large");
  }

  /** A value that no table has now: servers that index nothing send the same ones with every response. */
  #literalValue(): string {
    const start = this.#at;
    const end = start + 1 + ((this.#bytes[start] as number) & 0x7f);
    if (end > this.#end || !isRemembered(end - start)) return this.#string(false);
    const known = rememberedText(this.#bytes, start, end);
    if (known === undefined) {
      const text = this.#string(false);
      if (this.#wellFormed) rememberText(this.#bytes, start, end, text);
      return text;
    }
    this.#at = end;
    this.#wellFormed = true;
    return known;
  }

  #string(isName: boolean): string {
    if (this.#at >= this.#end) throw new HpackError("A block ends within a field");
    const isHuffman = (this.#bytes[this.#at] as number) >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    if (length > this.#end - start) throw new HpackError("A string is longer than its block");
    this.#at += length;
    if (!isHuffman) return this.#textOf(this.#bytes, start, this.#at, isName);
    if (this.#scratch.length < mostDecoded(length)) this.#scratch = new Uint8Array(mostDecoded(length));
    const decoded = huffmanDecode(this.#bytes, start, this.#at, this.#scratch);
    return this.#textOf(this.#scratch, 0, decoded, isName);
  }

  #textOf(bytes: Uint8Array, start: number, end: number, isName: boolean): string {
    const allowed = isName ? NAME : FIELD;
    const first = isName && start < end && bytes[start] === COLON ? start + 1 : start;
    let at = first;
    while (at < end && allowed[bytes[at] as number] === 1) at++;
    this.#wellFormed = at === end && !(isName && first === end);
    return start === end ? "" : this.#text.latin1(bytes, start, end);
  }
}

function isName(name: string): boolean {
  const start = name.charCodeAt(0) === COLON ? 1 : 0;
  for (let at = start; at < name.length; at++) if (NAME[name.charCodeAt(at)] !== 1) return false;
  return name.length > start;
}
