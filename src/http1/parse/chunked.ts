/**
 * Chunked: decodes the chunked transfer coding (RFC 9112 §7.1). The lines between the data are read byte by byte.
 *
 * It is strict where leniency makes two parsers disagree: no bare LF, no sign or blank before a size, and a quotation in an
 * extension ends in its line. Extensions are removed, and bounded together with the blanks around them (CVE-2024-22019):
 * `*( BWS ";" BWS name [ BWS "=" BWS value ] )` (§7.1.1). A name must be there; what a value holds cannot move the line's
 * end, so that it is not checked. Blanks before CR LF without an extension are not in the grammar, but servers pad sizes with
 * them, and every reader that takes such a line reads the same size. Trailer fields are checked like header fields and kept
 * as text.
 */

import type { TextCodec } from "../../contract/transport.ts";
import type { ResponseSink } from "../../contract/wire.ts";
import type { ResponseLimits } from "../../options/options.ts";
import { FIELD, HEX, TOKEN } from "../syntax.ts";
import { remoteFault } from "./fault.ts";
import type { HeadReader } from "./head.ts";
import { holdsLf, PartialBuffer } from "./partial-buffer.ts";

/** What the decoder expects next. Not an `enum`, because Node only runs TypeScript that it can erase. */
const EXPECT = {
  sizeStart: 0,
  size: 1,
  /** Blanks behind the size, then the line's end or a semicolon. */
  sizeEnd: 2,
  /** Blanks behind a semicolon, then a name. */
  extensionName: 3,
  extension: 4,
  quoted: 5,
  /** The byte behind a backslash in a quotation. */
  quotedPair: 6,
  sizeLf: 7,
  data: 8,
  dataCr: 9,
  dataLf: 10,
  trailers: 11,
  nothing: 12,
} as const;
type Expect = (typeof EXPECT)[keyof typeof EXPECT];

const NOTHING = new Uint8Array(0);

const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const SEMICOLON = 59;
const BACKSLASH = 92;

/** One more digit makes this at most 2^52, which is still exact. */
const MAX_SIZE = 2 ** 48;
/** The most digits of a size, leading zeros included. */
const MAX_SIZE_DIGITS = 16;

/** Receives the data of the chunks. `undefined`: nobody. */
type ChunkSink = Pick<ResponseSink, "body"> | undefined;

/** Decodes one chunked body at a time. */
export class ChunkedReader {
  /** The trailer fields as text, each line ended by CR LF; empty if there are none. */
  trailers = "";
  readonly #limits: Required<ResponseLimits>;
  readonly #text: TextCodec;
  readonly #fields: HeadReader;
  readonly #partial = new PartialBuffer();
  #expect: Expect = EXPECT.nothing;
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  /** Length of the size line so far. */
  #lineBytes = 0;
  /** Whether a line of the trailers was read already. */
  #begun = false;

  constructor(limits: Required<ResponseLimits>, text: TextCodec, fields: HeadReader) {
    this.#limits = limits;
    this.#text = text;
    this.#fields = fields;
  }

  /** Whether the body is complete. */
  get done(): boolean {
    return this.#expect === EXPECT.nothing;
  }

  begin(): void {
    this.trailers = "";
    this.#expect = EXPECT.sizeStart;
    this.#extensionBytes = 0;
    this.#begun = false;
    this.#partial.clear();
  }

  /**
   * Decodes more bytes and passes the data to `sink`. Returns the position after the body.
   *
   * @throws {ProtocolError}
   */
  read(bytes: Uint8Array, start: number, end: number, sink: ChunkSink): number {
    let at = start;
    while (at < end && this.#expect !== EXPECT.nothing) {
      if (this.#expect === EXPECT.data) at = this.#data(bytes, at, end, sink);
      else if (this.#expect === EXPECT.trailers) at = this.#trailers(bytes, at, end);
      else this.#byte(bytes[at++] as number);
    }
    return at;
  }

  /**
   * The connection has ended before the body.
   *
   * @throws {ProtocolError} if the part of the trailers that has arrived is malformed.
   */
  end(): void {
    const { length } = this.#partial;
    if (length > 0) this.#fields.trailers(this.#partial.add(NOTHING, 0, 0), length, this.#begun);
  }

  #data(bytes: Uint8Array, start: number, end: number, sink: ChunkSink): number {
    const stop = Math.min(end, start + this.#size);
    sink?.body(bytes, start, stop);
    this.#size -= stop - start;
    if (this.#size === 0) this.#expect = EXPECT.dataCr;
    return stop;
  }

  #byte(byte: number): void {
    switch (this.#expect) {
      case EXPECT.sizeStart:
        this.#size = 0;
        this.#digits = 0;
        this.#expect = EXPECT.size;
        return this.#sizeByte(byte);
      case EXPECT.size:
        return this.#sizeByte(byte);
      case EXPECT.sizeEnd:
      case EXPECT.extensionName:
      case EXPECT.extension:
      case EXPECT.quoted:
      case EXPECT.quotedPair:
        return this.#extensionByte(byte, this.#expect);
      case EXPECT.sizeLf:
        if (byte !== LF) throw badChunk("the size line does not end with CR LF");
        this.#expect = this.#size === 0 ? EXPECT.trailers : EXPECT.data;
        return;
      case EXPECT.dataCr:
        if (byte !== CR) throw badChunk("the data is longer than its size");
        this.#expect = EXPECT.dataLf;
        return;
      default:
        if (byte !== LF) throw badChunk("the data does not end with CR LF");
        this.#expect = EXPECT.sizeStart;
    }
  }

  #sizeByte(byte: number): void {
    const digit = HEX[byte] as number;
    if (digit < 16) {
      this.#size = this.#size * 16 + digit;
      this.#digits += 1;
      if (this.#size > MAX_SIZE || this.#digits > MAX_SIZE_DIGITS) throw badChunk("the size is too large");
    } else if (this.#digits === 0) {
      throw badChunk("the size is missing");
    } else if (byte === CR) {
      this.#expect = EXPECT.sizeLf;
    } else if (byte === SEMICOLON || byte === SPACE || byte === TAB) {
      this.#lineBytes = this.#digits;
      this.#extensionByte(byte, EXPECT.sizeEnd);
    } else {
      throw badChunk("the size is not a hexadecimal number");
    }
  }

  #extensionByte(byte: number, expect: Extension): void {
    if (byte === CR) {
      this.#expect = afterExtensions(expect);
      return;
    }
    this.#expect = afterExtensionByte(byte, expect);
    this.#extensionBytes += 1;
    this.#lineBytes += 1;
    const { chunkExtensionBytes, lineBytes } = this.#limits;
    if (this.#extensionBytes > chunkExtensionBytes) {
      const message = `Chunk extensions are longer than ${chunkExtensionBytes} bytes`;
      throw remoteFault("chunk-extension-too-long", message, "body");
    }
    if (this.#lineBytes > lineBytes)
      throw remoteFault("line-too-long", `A chunk-size line is longer than ${lineBytes} bytes`, "body");
  }

  #trailers(bytes: Uint8Array, start: number, end: number): number {
    // Fast path: no trailers, and the empty line is in the same packet.
    if (this.#partial.length === 0 && bytes[start] === CR && start + 1 < end && bytes[start + 1] === LF) {
      this.#expect = EXPECT.nothing;
      return start + 2;
    }
    const before = this.#partial.length;
    const { trailerBytes } = this.#limits;
    const stop = Math.min(end, start + trailerBytes - before);
    const partial = this.#partial.add(bytes, start, stop);
    if (!holdsLf(bytes, start, stop) && this.#partial.length < trailerBytes) return stop;
    const done = this.#fields.trailers(partial, this.#partial.length, this.#begun);
    this.#begun = true;
    if (done < 0) return stop;
    this.trailers = this.#text.latin1(partial, 0, done - 2);
    this.#partial.clear();
    this.#expect = EXPECT.nothing;
    return start + done - before;
  }
}

/** Where in the extensions a byte is. */
type Extension = 2 | 3 | 4 | 5 | 6;

/** What follows the CR that ends the line of a size. */
function afterExtensions(expect: Extension): Expect {
  if (expect === EXPECT.extensionName) throw badChunk("an extension has no name");
  if (expect >= EXPECT.quoted) throw badChunk("an extension's quotation does not end");
  return EXPECT.sizeLf;
}

/** What follows another byte behind the size. */
function afterExtensionByte(byte: number, expect: Extension): Expect {
  if (FIELD[byte] === 0) throw badChunk("an extension holds a control character");
  if (expect === EXPECT.quotedPair) return EXPECT.quoted;
  if (expect === EXPECT.quoted) return QUOTED.get(byte) ?? EXPECT.quoted;
  if (byte === SPACE || byte === TAB) return expect;
  if (expect === EXPECT.extensionName) {
    if (TOKEN[byte] === 0) throw badChunk("an extension has no name");
    return EXPECT.extension;
  }
  if (byte === SEMICOLON) return EXPECT.extensionName;
  if (expect === EXPECT.sizeEnd) throw badChunk("the size is not a hexadecimal number");
  return byte === QUOTE ? EXPECT.quoted : EXPECT.extension;
}

/** What follows the bytes that mean something in a quotation. */
const QUOTED: ReadonlyMap<number, Expect> = new Map([
  [QUOTE, EXPECT.extension],
  [BACKSLASH, EXPECT.quotedPair],
]);

function badChunk(problem: string): Error {
  return remoteFault("bad-chunk", `The chunked body is malformed: ${problem}`, "body");
}
