/**
 * Straight socket: a socket of Node whose writes pass its stream by where nothing is before them. The stream would buffer nothing then,
 * and costs as much as the pool does (Node 24: 2 µs of 40). `node:http` writes the head of a request as one text, mostly between
 * `cork()` and `uncork()`. All else is written by the stream.
 */

import { Socket } from "node:net";
import { nextTick } from "node:process";

/** Called when more can be written, or with the reason why nothing can. */
export type WriteDone = (error?: Error | null) => void;

/** A text that was written while the socket is corked, the only one so far. */
interface HeldText {
  readonly text: string;
  readonly encoding: "latin1" | "utf8";
  readonly then: unknown;
}

/** A socket of Node over something that takes pieces. */
export abstract class StraightSocket extends Socket {
  #held: HeldText | undefined = undefined;
  /** A text that passed the stream by was not taken yet. */
  #isBehind = false;
  /** What the stream wants to write then. */
  #next: (() => void) | undefined = undefined;

  /** Whether pieces are taken at all. */
  protected abstract get isLinked(): boolean;

  /** Takes a piece, and one behind it. Calls `done` when there may be another one, within the call or later. */
  protected abstract put(head: string | Uint8Array, body: Uint8Array | undefined, done: WriteDone): void;

  override write(chunk: unknown, encoding?: unknown, then?: unknown): boolean {
    if (this.#held !== undefined) this.#passHeld(this.#held);
    const isText = typeof chunk === "string" && (encoding === "latin1" || encoding === "utf8");
    if (!isText || chunk === "" || !this.#isClear)
      return (super.write as (...values: unknown[]) => boolean).call(this, chunk, encoding, then);
    const held = { text: chunk, encoding, then } as const;
    if (this.writableCorked === 0) return this.#putText(held);
    this.#held = held;
    return chunk.length < this.writableHighWaterMark || this.#passHeld(held);
  }

  /** Nothing is before what is written now. */
  get #isClear(): boolean {
    return (
      this.writableLength === 0 && !this.#isBehind && this.isLinked && !this.writableEnded && !this.destroyed
    );
  }

  override uncork(): void {
    super.uncork();
    if (this.#held === undefined || this.writableCorked > 0) return;
    const held = this.#held;
    this.#held = undefined;
    this.#putText(held);
  }

  override end(chunk?: unknown, encoding?: unknown, then?: unknown): this {
    if (this.#held !== undefined) this.#passHeld(this.#held);
    return (super.end as (...values: unknown[]) => this).call(this, chunk, encoding, then);
  }

  /** More follows it, so that both are the stream's. */
  #passHeld({ text, encoding, then }: HeldText): boolean {
    this.#held = undefined;
    return (super.write as (...values: unknown[]) => boolean).call(this, text, encoding, then);
  }

  /** Answers whether it was taken at once. If not, `drain` follows. */
  #putText({ text, encoding, then }: HeldText): boolean {
    let isWithin = true;
    let isTaken = false;
    this.put(encoding === "latin1" ? text : Buffer.from(text, encoding), undefined, (error) => {
      isTaken = isWithin;
      if (typeof then === "function") nextTick(then as WriteDone, error);
      if (!isWithin) this.#caughtUp();
    });
    isWithin = false;
    this.#isBehind = !isTaken;
    return isTaken;
  }

  #caughtUp(): void {
    this.#isBehind = false;
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) next();
    else this.emit("drain");
  }

  /** Takes what the stream writes. */
  #putNext(head: string | Uint8Array, body: Uint8Array | undefined, done: WriteDone): void {
    if (!this.#isBehind) return this.put(head, body, done);
    const next = () => this.put(head, body, done);
    this.#next = next;
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: WriteDone): void {
    this.#putNext(bytesOf(chunk, encoding), undefined, done);
  }

  override _writev(pieces: Piece[], done: WriteDone): void {
    const parts = pieces
      .map(({ chunk, encoding }) => bytesOf(chunk, encoding))
      .filter(({ length }) => length > 0);
    const [head = "", body] = parts;
    if (parts.length <= 1) this.#putNext(head, undefined, done);
    else if (parts.length === 2 && typeof body === "object") this.#putNext(head, body, done);
    else if (parts.every((part) => typeof part === "string")) this.#putNext(parts.join(""), undefined, done);
    else this.#putNext(Buffer.concat(parts.map(toBytes)), undefined, done);
  }
}

/** As `_writev` of a stream gets it. */
interface Piece {
  readonly chunk: unknown;
  readonly encoding: BufferEncoding;
}

/** Text in these has one byte per character, as the pool writes it. */
const ONE_BYTE: ReadonlySet<string> = new Set(["latin1", "binary", "ascii"]);

function bytesOf(chunk: unknown, encoding: BufferEncoding): string | Uint8Array {
  if (typeof chunk !== "string") return chunk as Uint8Array;
  return chunk === "" || ONE_BYTE.has(encoding) ? chunk : Buffer.from(chunk, encoding);
}

function toBytes(part: string | Uint8Array): Uint8Array {
  return typeof part === "string" ? Buffer.from(part, "latin1") : part;
}
