/**
 * Body: a response body on its way from the socket to whoever reads it. The wire pushes; the reader says once
 * how it wants the data: whole, as a stream, or not at all. Until it does, a bounded amount is kept.
 *
 * The socket leads here, so nothing here leads to what the program holds: a stream that the program has let go of,
 * with all that was made of it, becomes garbage, and its collection gives the connection back.
 */

import { decodedText } from "../contract/text.ts";
import type { Alloc, TextCodec } from "../contract/transport.ts";
import type { Lease } from "../pool/connection.ts";
import { asciiBytes, asciiOf } from "./ascii.ts";
import { BodyBuffer, copyOf } from "./body-buffer.ts";
import { bodyTooLarge, discardedError, droppedError, usedError } from "./body-errors.ts";
import { BodyStream, type Controller } from "./body-stream.ts";

/** Kept, and one piece more, for a reader that has not come or is slower than the peer; then the socket is paused. */
const HIGH_WATER = 65_536;

/** What a body asks of the exchange that feeds it. */
export interface BodyFlow {
  /** The reader is behind: stop reading from the socket. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. `atOnce`: nor the connection, however little is left. */
  discard(atOnce?: boolean): void;
  /** Whether somebody waits for more: only then is the process kept alive. */
  ref(awaited: boolean): void;
}

/** What the runtime does faster than we could. */
interface BodyTools {
  readonly text: TextCodec;
  readonly alloc: Alloc;
  /** Bytes that are collected at most. @default Infinity */
  readonly bodyBytes?: number;
}

/** How a body is read: not yet, in one piece, as it comes, or not any longer. */
type BodyMode = "unread" | "whole" | "stream" | "discarded";

/** Who waits for all of a body. */
interface BodyAwaiter {
  resolve(bytes: Uint8Array): void;
  reject(error: unknown): void;
}

/** The body of one response. */
export class ResponseBody {
  /** Length announced by the head, where it was. */
  readonly length: number | undefined;
  /** Makes the error that readers get of one of the wire: `fetch` promises another than `request`. */
  translate: ((error: unknown) => unknown) | undefined = undefined;
  /** What it comes on, for errors. */
  lease: Lease<unknown> | undefined = undefined;
  #source: BodyFlow | undefined;
  readonly #tools: BodyTools;
  /** A small ASCII body that arrived in one piece, instead of a copy of its bytes. */
  #ascii: string | undefined = undefined;
  #buffer: BodyBuffer | undefined = undefined;
  #mode: BodyMode = "unread";
  #ended = false;
  #failed = false;
  #error: unknown = undefined;
  #paused = false;
  #settle: BodyAwaiter | undefined = undefined;
  /** To the stream, if there is one. */
  #stream: BodyStream | undefined = undefined;
  /** The stream has what was kept, and gets what comes. */
  #flowing = false;
  /** Objects of the program through which the body can still be read. */
  #handles = 0;

  constructor(source: BodyFlow | undefined, length: number | undefined, tools: BodyTools) {
    this.#source = source;
    this.length = length;
    this.#tools = tools;
  }

  /** Whether all of it has arrived, read or not. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes that have arrived, where it has ended and nobody took them; else `Infinity`. */
  get unreadBytes(): number {
    return this.#ended && !this.used ? this.#size : Infinity;
  }

  get #size(): number {
    return this.#ascii?.length ?? this.#buffer?.size ?? 0;
  }

  /** Bytes that are collected at most. */
  get limit(): number {
    return this.#tools.bodyBytes ?? Infinity;
  }

  /** Whether a reader has come. */
  get used(): boolean {
    return this.#mode !== "unread";
  }

  // The wire's side

  /** Data arrived; valid only during the call. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#mode === "discarded") return;
    if (this.#flowing) {
      // Before it is given: whoever asks for more in the same breath waits again.
      this.#source?.ref(false);
      const behind = this.#stream?.pass(copyOf(bytes, start, end, this.#tools.alloc)) ?? 0;
      if (behind >= HIGH_WATER) this.#pause();
      return;
    }
    if (end - start === this.length) {
      this.#ascii = asciiOf(bytes, start, end, this.#tools.text);
      if (this.#ascii !== undefined) return;
    }
    this.#buffer ??= new BodyBuffer(this.length, this.#tools.alloc);
    // Not for what comes with the head: its reader is about to come, and pausing costs two system calls.
    if (this.#mode !== "whole" && this.#buffer.size >= HIGH_WATER) this.#pause();
    this.#buffer.add(bytes, start, end);
    if (this.#mode === "whole" && this.#buffer.size > this.limit) this.tooLarge(this.#buffer.size);
  }

  /** The head was given: nobody waits for the body yet. */
  headGiven(): void {
    this.#source?.ref(false);
  }

  /** All that came at once was pushed. */
  pushed(): void {
    this.#stream?.passed();
  }

  /** It is complete. */
  end(): void {
    if (this.#ended || this.#failed) return;
    this.#ended = true;
    this.#source = undefined;
    if (this.#mode === "discarded") return;
    this.#takeSettle()?.resolve(this.#take());
    if (this.#flowing) this.#stream?.close();
  }

  /** The rest will not come. `atOnce`: what has come is not to be read either, as after an abort. */
  fail(error: unknown, atOnce = false): void {
    if (this.#ended || this.#failed) return;
    this.#failed = true;
    this.#error = this.translate === undefined ? error : this.translate(error);
    this.#source = undefined;
    if (this.#mode === "discarded") return;
    this.#takeSettle()?.reject(this.#error);
    if (atOnce) this.#forget();
    if (this.#flowing || this.#size === 0) this.#stream?.error(this.#error);
  }

  // The reader's side

  /** All of it, once. Rejects with a `TypeError` when it has a reader already. */
  bytes(): Promise<Uint8Array> {
    if (this.used) return Promise.reject(usedError());
    this.#use("whole");
    const size = this.#ended ? this.#size : (this.length ?? this.#size);
    if (size > this.limit) return Promise.reject(this.tooLarge(size, size === this.length));
    if (this.#ended) return Promise.resolve(this.#take());
    if (this.#failed) return Promise.reject(this.#error);
    this.#resume();
    this.#source?.ref(true);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** All of it as UTF-8 text without a byte order mark, once. Rejects like {@linkcode bytes}. */
  text(): Promise<string> {
    if (this.#ended && this.#mode === "unread" && this.#size <= this.limit)
      return Promise.resolve(this.takeText());
    return this.bytes().then((bytes) => decodedText(bytes, this.#tools.text));
  }

  /** All of it, now, as bytes or the text that they are in ASCII; `undefined` when it has not arrived. */
  takeContent(): Uint8Array | string | undefined {
    if (!this.#ended) return undefined;
    this.#use("whole");
    return this.#ascii ?? this.#take();
  }

  /** All of a body that has {@linkcode ended}, as text. @throws {TypeError} when it has a reader already. */
  takeText(): string {
    this.#use("whole");
    return this.#ascii ?? decodedText(this.#take(), this.#tools.text);
  }

  /** As it arrives, with backpressure; once. @throws {TypeError} when it has a reader already. */
  stream(): ReadableStream<Uint8Array> {
    this.#use("stream");
    return this.unread();
  }

  /** The same, but others may read the body until somebody reads the stream. */
  unread(): ReadableStream<Uint8Array> {
    const body = new BodyStream();
    this.#stream = body;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => body.opened(controller),
        pull: (controller) => this.#pulled(controller),
        cancel: () => this.#cancelled(),
      },
      // Nothing is pulled before it is read.
      { highWaterMark: 0, size: (chunk) => chunk.byteLength },
    );
    if (this.#failed && this.#size === 0) body.error(this.#error);
    return stream;
  }

  /** Nobody wants it, or the rest of it. */
  discard(): void {
    if (this.#mode === "discarded") return;
    this.#mode = "discarded";
    this.#forget();
    if (!this.#ended && !this.#failed) {
      const error = this.#error ?? discardedError();
      this.#error = error;
      this.#takeSettle()?.reject(error);
      this.#stream?.error(error);
    }
    this.#source?.ref(false);
    this.#source?.discard();
    this.#resume();
  }

  /** The error of one that is larger than may be collected. The connection ends, if it is not free again already. */
  tooLarge(size: number, announced = false): unknown {
    const flaw = bodyTooLarge(this.lease, this.limit, size, announced);
    const error = this.translate === undefined ? flaw : this.translate(flaw);
    this.#forget();
    if (this.#mode === "discarded" || this.#ended || this.#failed) return error;
    this.#mode = "discarded";
    this.#error = error;
    this.#takeSettle()?.reject(error);
    this.#stream?.error(error);
    this.#source?.ref(false);
    const source = this.#source;
    // Not within the socket's callback, which is still feeding it.
    queueMicrotask(() => source?.discard(true));
    return error;
  }

  /** The program got something by which to read it: a response, or a stream. */
  handed(): void {
    this.#handles += 1;
  }

  /** One of those was collected as garbage. With the last one the body is given up, unless all of it is awaited. */
  dropped(): void {
    this.#handles -= 1;
    if (this.#handles > 0 || this.#ended || this.#failed || this.#mode === "whole") return;
    this.#error = droppedError();
    this.discard();
  }

  /** Not kept: through its functions the body would hold its own bytes for as long as somebody holds the body. */
  #takeSettle(): BodyAwaiter | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    return settle;
  }

  /** What has arrived and was not taken yet. */
  #take(): Uint8Array {
    const ascii = this.#ascii;
    if (ascii === undefined) return this.#buffer?.take() ?? new Uint8Array(0);
    this.#ascii = undefined;
    return asciiBytes(ascii);
  }

  #forget(): void {
    this.#ascii = undefined;
    this.#buffer = undefined;
  }

  #pulled(controller: Controller): void {
    if (this.#mode === "discarded") throw this.#error ?? usedError();
    if (this.#mode !== "stream") this.#use("stream");
    const given = !this.#flowing && this.#begin(controller);
    if (!given) this.#stream?.awaits(controller);
    this.#resume();
    if (!given) this.#source?.ref(true);
  }

  #cancelled(): void {
    if (this.#mode !== "whole") this.discard();
  }

  /** Answers whether there was something to give. */
  #begin(controller: Controller): boolean {
    this.#flowing = true;
    const kept = this.#take();
    if (kept.length > 0) controller.enqueue(kept);
    if (this.#ended) controller.close();
    else if (this.#failed) controller.error(this.#error);
    return kept.length > 0;
  }

  #use(mode: BodyMode): void {
    if (this.used) throw usedError();
    this.#mode = mode;
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#source?.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#source?.resume();
  }
}
