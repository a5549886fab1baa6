/**
 * Response: an incremental parser from bytes to one response at a time, without I/O. It is pushed into by the
 * socket's callback and hands on what it finds at once; nothing is copied unless a head arrives in pieces.
 */

import type { TextCodec } from "../../contract/transport.ts";
import type { ResponseLimits } from "../../options/options.ts";
import { ChunkedReader } from "./chunked.ts";
import { remoteFault } from "./fault.ts";
import { type Framing, framingOf, passable } from "./framing.ts";
import { HeadReader, type ResponseHead } from "./head.ts";
import { holdsLf, PartialBuffer } from "./partial-buffer.ts";

/** Gets what the parser finds, in order: `informational*`, `head`, `body*`. */
export interface ResponseSink {
  /** A 1xx response; the final one follows. */
  informational(head: ResponseHead): void;
  head(head: ResponseHead, framing: Framing): void;
  /** Body data with its coding removed; valid only during the call. */
  body(bytes: Uint8Array, start: number, end: number): void;
}

type Stage = "idle" | "head" | "length" | "chunked" | "close" | "complete";

/** Parses the responses of one connection, one after the other. */
export class ResponseParser {
  readonly #limits: Required<ResponseLimits>;
  readonly #heads: HeadReader;
  readonly #chunks: ChunkedReader;
  readonly #pending = new PartialBuffer();
  #stage: Stage = "idle";
  #method = "";
  #sink: ResponseSink | undefined;
  #remaining = 0;
  #informational = 0;

  constructor(limits: Required<ResponseLimits>, text: TextCodec) {
    this.#limits = limits;
    this.#heads = new HeadReader(limits, text);
    this.#chunks = new ChunkedReader(limits, text, this.#heads);
  }

  /** Whether the response has been read to its end. */
  get complete(): boolean {
    return this.#stage === "complete";
  }

  /** Whether the final head is still to come. */
  get awaitsHead(): boolean {
    return this.#stage === "head";
  }

  /** Bytes of the body still to come, where the head said how many; else `undefined`. */
  get remaining(): number | undefined {
    return this.#stage === "length" ? this.#remaining : undefined;
  }

  /** Trailer fields as text; empty before the end. */
  get trailers(): string {
    return this.#chunks.trailers;
  }

  /** A request with this method is about to be written; its response goes to `sink`. */
  begin(method: string, sink: ResponseSink): void {
    this.#stage = "head";
    this.#method = method;
    this.#sink = sink;
    this.#informational = 0;
    this.#chunks.trailers = "";
    this.#pending.clear();
  }

  /**
   * Reads on. Answers the position after the last byte of the response, which is `end` until it is complete:
   * what lies behind belongs to no response.
   *
   * @throws {ProtocolError} The parser must not be fed again then.
   */
  feed(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      switch (this.#stage) {
        case "head":
          at = this.#feedHead(bytes, at, end);
          break;
        case "length":
          at = this.#feedLength(bytes, at, end);
          break;
        case "chunked":
          at = this.#chunks.read(bytes, at, end, this.#toSink);
          if (this.#chunks.done) this.#finish();
          break;
        case "close":
          this.#toSink(bytes, at, end);
          return end;
        default:
          return at;
      }
    }
    return at;
  }

  /**
   * The connection ended. Answers whether the response is complete because of it, or was before.
   *
   * @throws {ProtocolError} when what has come of the head or of trailers is malformed.
   */
  end(): boolean {
    if (this.#stage === "head" && this.#pending.length > 0) {
      const { length } = this.#pending;
      this.#heads.read(this.#pending.add(new Uint8Array(0), 0, 0), 0, length, true);
    }
    if (this.#stage === "chunked") this.#chunks.end();
    if (this.#stage === "close") this.#finish();
    return this.#stage === "complete";
  }

  readonly #toSink = (bytes: Uint8Array, start: number, end: number): void => {
    this.#sink?.body(bytes, start, end);
  };

  #feedHead(bytes: Uint8Array, start: number, end: number): number {
    if (this.#pending.length > 0) return this.#feedPending(bytes, start, end);
    const done = this.#heads.read(bytes, start, end);
    if (done < 0) {
      this.#pending.add(bytes, start, end);
      return end;
    }
    this.#gotHead();
    return done;
  }

  /** A head in pieces is read on each time a line has come. */
  #feedPending(bytes: Uint8Array, start: number, end: number): number {
    const before = this.#pending.length;
    const stop = Math.min(end, start + this.#limits.headBytes - before);
    const held = this.#pending.add(bytes, start, stop);
    if (!holdsLf(bytes, start, stop) && this.#pending.length < this.#limits.headBytes) return stop;
    const done = this.#heads.read(held, 0, this.#pending.length, true);
    if (done < 0) return stop;
    this.#pending.clear();
    this.#gotHead();
    return start + done - before;
  }

  #gotHead(): void {
    const { head } = this.#heads;
    if (head === undefined) throw new Error("Bug in Holdfast: a head was read and is not there");
    if (head.status < 200) return this.#gotInformational(head);
    const framing = framingOf(head, this.#method);
    this.#sink?.head(passable(head), framing);
    if (framing.kind === "none") return this.#finish();
    this.#stage = framing.kind;
    if (framing.kind === "length") this.#remaining = framing.length;
    else if (framing.kind === "chunked") this.#chunks.begin();
  }

  #gotInformational(head: ResponseHead): void {
    if (head.status === 101)
      throw remoteFault("unexpected-upgrade", "The peer switched protocols unasked (101)");
    this.#informational += 1;
    const { informationalCount } = this.#limits;
    if (this.#informational > informationalCount) {
      throw remoteFault("too-many-informational", `More than ${informationalCount} interim responses`);
    }
    this.#sink?.informational(head);
  }

  #feedLength(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + this.#remaining);
    this.#remaining -= stop - start;
    this.#toSink(bytes, start, stop);
    if (this.#remaining === 0) this.#finish();
    return stop;
  }

  #finish(): void {
    this.#stage = "complete";
    this.#sink = undefined;
  }
}
