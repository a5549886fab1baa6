/**
 * Response parser: turns bytes into one response at a time, incrementally and without I/O. It passes on what it finds at
 * once and copies nothing, except a head or trailers that arrive in pieces.
 */

import type { TextCodec } from "../../contract/transport.ts";
import type { ResponseSink } from "../../contract/wire.ts";
import type { ResponseLimits } from "../../options/options.ts";
import { ChunkedReader } from "./chunked.ts";
import { remoteFault } from "./fault.ts";
import { bodyLength, type Framing, framingOf, isInterim, passable } from "./framing.ts";
import { HeadReader, type Http1Head } from "./head.ts";
import { holdsLf, PartialBuffer } from "./partial-buffer.ts";

/** What the parser expects next. */
type Expected = "nothing" | "head" | "length" | "chunked" | "close" | "complete";

/** Parses the responses of one connection, one after the other. */
export class ResponseParser {
  readonly #limits: Required<ResponseLimits>;
  readonly #heads: HeadReader;
  readonly #chunks: ChunkedReader;
  readonly #partial = new PartialBuffer();
  #expected: Expected = "nothing";
  #method = "";
  /** The request asked for another protocol. */
  #mayUpgrade = false;
  #sink: ResponseSink | undefined;
  #remaining = 0;
  #interimCount = 0;
  /** Bytes of the interim heads of the current response. */
  #interimBytes = 0;
  /** The final head of the current response, once it was read, and how its body is delimited. */
  head: Http1Head | undefined = undefined;
  framing: Framing | undefined = undefined;

  constructor(limits: Required<ResponseLimits>, text: TextCodec) {
    this.#limits = limits;
    this.#heads = new HeadReader(limits, text);
    this.#chunks = new ChunkedReader(limits, text, this.#heads);
  }

  /** Whether the response is complete. */
  get complete(): boolean {
    return this.#expected === "complete";
  }

  /** Whether the final head is still to come. */
  get awaitsHead(): boolean {
    return this.#expected === "head";
  }

  /** Bytes of the body still to come; `undefined` if the head did not say how many. */
  get remaining(): number | undefined {
    return this.#expected === "length" ? this.#remaining : undefined;
  }

  /** The trailer fields as text; empty before the end. */
  get trailers(): string {
    return this.#chunks.trailers;
  }

  /** Whether another protocol follows the head: after a 101 that was asked for, and a 2xx to CONNECT. */
  get switched(): boolean {
    const status = this.head?.status ?? 0;
    return status === 101 || (this.#method === "CONNECT" && status >= 200 && status < 300);
  }

  /** A request with this method is about to be sent. Its response goes to `sink`. `upgrade`: it asks for another protocol. */
  begin(method: string, sink: ResponseSink, upgrade = false): void {
    this.#expected = "head";
    this.#method = method;
    this.#mayUpgrade = upgrade;
    this.#sink = sink;
    this.#interimCount = 0;
    this.#interimBytes = 0;
    this.head = undefined;
    this.framing = undefined;
    this.#chunks.trailers = "";
    this.#partial.clear();
  }

  /**
   * Parses more bytes. Returns the position after the last byte of the response, which is `end` until the response is
   * complete. Bytes after that position belong to no response.
   *
   * @throws {ProtocolError} if the response is malformed. The parser must not be fed again then.
   */
  feed(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      switch (this.#expected) {
        case "head":
          at = this.#feedHead(bytes, at, end);
          break;
        case "length":
          at = this.#feedLength(bytes, at, end);
          break;
        case "chunked":
          at = this.#chunks.read(bytes, at, end, this.#sink);
          if (this.#chunks.done) this.#finish();
          break;
        case "close":
          this.#sink?.body(bytes, at, end);
          return end;
        default:
          return at;
      }
    }
    return at;
  }

  /**
   * The connection has ended. Returns whether the response is complete.
   *
   * @throws {ProtocolError} if the part of the head or of the trailers that has arrived is malformed.
   */
  end(): boolean {
    if (this.#expected === "head" && this.#partial.length > 0) {
      const { length } = this.#partial;
      this.#heads.read(this.#partial.add(new Uint8Array(0), 0, 0), 0, length, true);
    }
    if (this.#expected === "chunked") this.#chunks.end();
    if (this.#expected === "close") this.#finish();
    return this.#expected === "complete";
  }

  #feedHead(bytes: Uint8Array, start: number, end: number): number {
    if (this.#partial.length > 0) return this.#feedPartial(bytes, start, end);
    const done = this.#heads.read(bytes, start, end);
    if (done < 0) {
      this.#partial.add(bytes, start, end);
      return end;
    }
    this.#gotHead();
    return done;
  }

  /** Continues a head in pieces, each time a line is complete. */
  #feedPartial(bytes: Uint8Array, start: number, end: number): number {
    const before = this.#partial.length;
    const stop = Math.min(end, start + this.#limits.headBytes - before);
    const partial = this.#partial.add(bytes, start, stop);
    if (!holdsLf(bytes, start, stop) && this.#partial.length < this.#limits.headBytes) return stop;
    const done = this.#heads.read(partial, 0, this.#partial.length, true);
    if (done < 0) return stop;
    this.#partial.clear();
    this.#gotHead();
    return start + done - before;
  }

  #gotHead(): void {
    const { head } = this.#heads;
    if (head === undefined) throw new Error("Bug in Holdfast: a head was read and is not there");
    if (isInterim(head.status) && !(head.status === 101 && this.#mayUpgrade)) return this.#gotInterim(head);
    const framing = framingOf(head, this.#method);
    this.head = head;
    this.framing = framing;
    this.#sink?.head(passable(head), bodyLength(framing));
    if (framing.kind === "none") return this.#finish();
    this.#expected = framing.kind;
    if (framing.kind === "length") this.#remaining = framing.length;
    else if (framing.kind === "chunked") this.#chunks.begin();
  }

  #gotInterim(head: Http1Head): void {
    if (head.status === 101)
      throw remoteFault("unexpected-upgrade", "The peer switched protocols unasked (101)");
    this.#interimCount += 1;
    this.#interimBytes += head.text.length + 2;
    const { informationalCount, headBytes } = this.#limits;
    if (this.#interimCount > informationalCount) {
      throw remoteFault("too-many-informational", `More than ${informationalCount} interim responses`);
    }
    // Servers report progress with 102 as long as the work takes. It is the deadline for the final head that bounds the time.
    if (this.#interimBytes > headBytes) {
      const message = `Interim responses are longer than ${headBytes} bytes together`;
      throw remoteFault("too-many-informational", message);
    }
    this.#sink?.interim(head);
  }

  #feedLength(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + this.#remaining);
    this.#remaining -= stop - start;
    this.#sink?.body(bytes, start, stop);
    if (this.#remaining === 0) this.#finish();
    return stop;
  }

  #finish(): void {
    this.#expected = "complete";
    this.#sink = undefined;
  }
}
