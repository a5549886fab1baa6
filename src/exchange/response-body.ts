/**
 * Response body: passes the body of a response to its reader. The exchange pushes the data. The reader chooses once how to
 * receive it: whole, as a stream, or not at all. Until then a bounded amount is buffered.
 *
 * The socket references the body, so the body must not reference anything that the program holds. A stream that the program
 * has dropped can then be collected as garbage, which gives the connection back.
 */

import { decodedText } from "../contract/text.ts";
import type { Alloc, TextCodec } from "../contract/transport.ts";
import type { PoolWire } from "../contract/wire.ts";
import type { Lease } from "../pool/connection.ts";
import { asciiBytes, asciiOf } from "./ascii.ts";
import { BodyBuffer, copyOf } from "./body-buffer.ts";
import { bodyTooLarge, discardedError, droppedError, usedError } from "./body-errors.ts";
import { BodyStream, type Controller, closeReadable, enqueuePiece } from "./body-stream.ts";

/** Buffered bytes from which the socket is paused: the reader has not come yet, or is slower than the peer. */
const HIGH_WATER = 65_536;

/** The exchange, as its response body sees it. */
export interface BodyFlow {
  /** The reader is behind: stop reading. */
  pause(): void;
  resume(): void;
  /** The rest is not wanted. `atOnce`: end the exchange now, however little is left. */
  discard(atOnce?: boolean): void;
  /** Whether a reader waits for more. Only then the process is kept alive. */
  ref(awaited: boolean): void;
}

/** What a body needs of the wire. */
interface BodyTools {
  readonly text: TextCodec;
  readonly alloc: Alloc;
  /** The most bytes that are collected. @default Infinity */
  readonly bodyBytes?: number;
}

/** How a body is read: not yet, whole, as a stream, or not any more. */
type BodyMode = "unread" | "whole" | "stream" | "discarded";

/** The promise of a reader that waits for the whole body. */
interface WholeBodyPromise {
  resolve(bytes: Uint8Array): void;
  reject(error: unknown): void;
}

/** The body of one response. */
export class ResponseBody {
  /** The length that the head announced, if it did. */
  readonly length: number | undefined;
  /** Converts an error of the exchange to the one that readers get: `fetch` promises other errors than `request`. */
  translate: ((error: unknown) => unknown) | undefined = undefined;
  /** Called once, when there is nothing left to read or it must not be read any more. */
  onSpent: (() => void) | undefined = undefined;
  /** A reader that goes away ends the exchange at once, however little is left. */
  endsAtOnce = false;
  /** A body of up to so many bytes that arrives whole is collected in memory that is used again: see {@linkcode lendContent}. */
  copiedBytes = 0;
  /** The lease of its connection, for errors. */
  lease: Lease<PoolWire> | undefined = undefined;
  #source: BodyFlow | undefined;
  readonly #tools: BodyTools;
  /** A small ASCII body that arrived in one piece, as text. */
  #ascii: string | undefined = undefined;
  #buffer: BodyBuffer | undefined = undefined;
  #mode: BodyMode = "unread";
  #ended = false;
  #failed = false;
  #error: unknown = undefined;
  /**
   * It was discarded before its end. The error is made where somebody asks: on V8 its call sites hold the response, which
   * would then never be collected.
   */
  #leftUnread = false;
  #paused = false;
  #settle: WholeBodyPromise | undefined = undefined;
  /** The stream, if there is one. */
  #stream: BodyStream | undefined = undefined;
  /** Whether data goes straight to the stream. Before that it is buffered. */
  #flowing = false;
  /** The number of the program's objects through which the body can still be read. */
  #handles = 0;

  constructor(source: BodyFlow | undefined, length: number | undefined, tools: BodyTools) {
    this.#source = source;
    this.length = length;
    this.#tools = tools;
  }

  /** Whether the whole body has arrived, read or not. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the rest will not come. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The size of a body that has ended and was not read; else `Infinity`. */
  get unreadBytes(): number {
    return this.#ended && !this.#failed && !this.used ? this.#size() : Infinity;
  }

  /** Not a getter: see `#deadline` of the exchange. */
  #size(): number {
    return this.#ascii?.length ?? this.#buffer?.size ?? 0;
  }

  /** The most bytes that are collected. */
  get limit(): number {
    return this.#tools.bodyBytes ?? Infinity;
  }

  /** Whether the body has or had a reader, or was discarded. */
  get used(): boolean {
    return this.#mode !== "unread";
  }

  /** Whether the program may let go of it before its end, so that somebody must notice. */
  get mayBeLeft(): boolean {
    return !this.#ended && !this.#failed && this.#mode !== "whole" && this.#mode !== "discarded";
  }

  // The exchange's side

  /** Data has arrived. It is valid only during the call. */
  push(bytes: Uint8Array, start: number, end: number): void {
    // A byte stream refuses an empty piece.
    if (this.#mode === "discarded" || start === end) return;
    if (this.#flowing) {
      // Before the data is passed: a reader may wait for more within that call.
      this.#source?.ref(false);
      const behind = this.#stream?.pass(copyOf(bytes, start, end, this.#tools.alloc)) ?? 0;
      if (behind >= HIGH_WATER) this.#pause();
      return;
    }
    let announced = this.length;
    if (end - start === announced) {
      this.#ascii = asciiOf(bytes, start, end, this.#tools.text);
      if (this.#ascii !== undefined) return;
      if (announced <= this.copiedBytes) announced = undefined;
    }
    this.#buffer ??= new BodyBuffer(announced, this.#tools.alloc);
    // Data that comes with the head does not pause: a reader usually follows at once, and pausing costs two system calls.
    if (this.#mode !== "whole" && this.#buffer.size >= HIGH_WATER) this.#pause();
    this.#buffer.add(bytes, start, end);
    if (this.#mode === "whole" && this.#buffer.size > this.limit) this.tooLarge(this.#buffer.size);
  }

  /** The caller has the head. Nobody waits for the body yet. */
  headGiven(): void {
    this.#source?.ref(false);
  }

  /** All data that arrived at once was pushed. */
  pushed(): void {
    this.#stream?.passed();
  }

  /** The body is complete. */
  end(): void {
    if (this.#ended || this.#failed) return;
    this.#ended = true;
    this.#source = undefined;
    if (this.#mode === "discarded") return;
    this.#takeSettle()?.resolve(this.#take());
    const left = this.#flowing ? this.#stream?.close() : undefined;
    if (this.#mode === "whole" || left === 0) this.#spent();
  }

  /** The rest will not come. `atOnce`: what has arrived must not be read either, as after an abort. */
  fail(error: unknown, atOnce = false): void {
    if (this.#ended || this.#failed) return;
    this.#failed = true;
    this.#error = this.translate === undefined ? error : this.translate(error);
    this.#source = undefined;
    if (this.#mode === "discarded") return;
    this.#spent();
    this.#takeSettle()?.reject(this.#error);
    if (atOnce) this.#forget();
    if (this.#flowing || this.#size() === 0) this.#stream?.error(this.#error);
  }

  /** The call was aborted after all had arrived: what was not read yet must not be read (Fetch §5.6, "abort"). */
  abort(reason: unknown): void {
    if (!this.#ended || this.#failed || this.#mode === "whole" || this.#mode === "discarded") return;
    // A body without content is at its end already: "its stream is closed before it errors".
    if (!this.#flowing && this.#size() === 0) return;
    this.#failed = true;
    this.#error = this.translate === undefined ? reason : this.translate(reason);
    this.#forget();
    this.#stream?.error(this.#error);
  }

  // The reader's side

  /** The whole body, once. Rejects with a `TypeError` if there is a reader already. */
  bytes(): Promise<Uint8Array> {
    if (this.used) return Promise.reject(usedError());
    this.#use("whole");
    const size = this.#ended ? this.#size() : (this.length ?? this.#size());
    if (size > this.limit) return Promise.reject(this.tooLarge(size, size === this.length));
    if (this.#failed) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(this.#take());
    this.#resume();
    this.#source?.ref(true);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** The whole body as UTF-8 text without a byte order mark, once. Rejects like {@linkcode bytes}. */
  text(): Promise<string> {
    if (this.#ended && !this.#failed && this.#mode === "unread" && this.#size() <= this.limit)
      return Promise.resolve(this.takeText());
    return this.bytes().then((bytes) => decodedText(bytes, this.#tools.text));
  }

  /** The whole body now, as bytes, or as text if it is ASCII. `undefined` if it has not arrived yet. */
  takeContent(): Uint8Array | string | undefined {
    if (!this.#ended) return undefined;
    this.#use("whole");
    return this.#ascii ?? this.#take();
  }

  /** The same, but bytes are lent until {@linkcode takeBack}. */
  lendContent(): Uint8Array | string | undefined {
    if (!this.#ended) return undefined;
    this.#use("whole");
    return this.#ascii ?? this.#buffer?.lend() ?? new Uint8Array(0);
  }

  /** Who was lent the body has copied it. */
  takeBack(): void {
    this.#buffer?.release();
  }

  /** The text of a body that has {@linkcode ended}. @throws {TypeError} if there is a reader already. */
  takeText(): string {
    this.#use("whole");
    return this.#ascii ?? this.#buffer?.text(this.#tools.text) ?? "";
  }

  /** The body as it arrives, with backpressure, once. @throws {TypeError} if there is a reader already. */
  stream(): ReadableStream<Uint8Array> {
    this.#use("stream");
    return this.unread();
  }

  /**
   * The same, but the body counts as unread until the stream is read.
   *
   * @param asBytes Makes it a byte stream, whose reader may bring its own buffers.
   */
  unread(asBytes = false): ReadableStream<Uint8Array> {
    const body = new BodyStream();
    this.#stream = body;
    const source = {
      start: (controller: Controller) => body.opened(controller),
      pull: (controller: Controller) => this.#pulled(controller),
      cancel: () => this.#cancelled(),
    };
    // Data is pulled only when the stream is read.
    const stream: ReadableStream<Uint8Array> = asBytes
      ? new ReadableStream({ ...source, type: "bytes" }, { highWaterMark: 0 })
      : new ReadableStream(source, { highWaterMark: 0, size: (chunk) => chunk.byteLength });
    if (this.#failed && this.#size() === 0) body.error(this.#error);
    return stream;
  }

  /** The same for a reader that is no stream: `controller` gets what a stream would. Returns what asks for the next piece. */
  feed(controller: Controller): () => void {
    const body = new BodyStream();
    this.#stream = body;
    body.opened(controller);
    if (this.#failed && this.#size() === 0) body.error(this.#error);
    return () => this.#pulled(controller);
  }

  /** The body, or the rest of it, is not wanted. */
  discard(): void {
    if (this.#mode === "discarded") return;
    this.#mode = "discarded";
    this.#spent();
    this.#forget();
    if (!this.#ended && !this.#failed) {
      this.#leftUnread = true;
      const settle = this.#takeSettle();
      if (settle !== undefined || this.#stream !== undefined) {
        const error = this.#error ?? discardedError();
        settle?.reject(error);
        this.#stream?.error(error);
      }
    }
    this.#source?.ref(false);
    this.#source?.discard(this.endsAtOnce);
    this.#resume();
  }

  /** The error of a body that is larger than {@linkcode limit}. The connection ends, unless the exchange is over. */
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
    // Deferred: the socket's callback may still be pushing data.
    queueMicrotask(() => source?.discard(true));
    return error;
  }

  /** The program got an object by which to read the body: a response, or a stream. */
  handleAdded(): void {
    this.#handles += 1;
  }

  /** One of those objects was collected as garbage. With the last one the body is discarded, unless a promise awaits it. */
  handleCollected(): void {
    this.#handles -= 1;
    if (this.#handles > 0 || !this.mayBeLeft) return;
    this.#error = droppedError();
    this.discard();
  }

  /** Cleared when called: through its functions the body would keep its own bytes alive. */
  #takeSettle(): WholeBodyPromise | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    return settle;
  }

  /** The buffered data. */
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
    if (this.#mode === "discarded") throw this.#error ?? (this.#leftUnread ? discardedError() : usedError());
    if (this.#mode !== "stream") this.#use("stream");
    const passed = !this.#flowing && this.#begin(controller);
    if (!passed) this.#stream?.awaits(controller);
    this.#resume();
    if (!passed) this.#source?.ref(true);
  }

  #cancelled(): void {
    if (this.#mode !== "whole") this.discard();
  }

  /** Returns whether there was something to pass. */
  #begin(controller: Controller): boolean {
    this.#flowing = true;
    const buffered = this.#take();
    // Read before the stream takes the buffer away.
    const isPassed = buffered.length > 0;
    if (isPassed) enqueuePiece(controller, buffered);
    if (this.#failed) controller.error(this.#error);
    else if (this.#ended) {
      this.#spent();
      closeReadable(controller);
    }
    return isPassed;
  }

  #use(mode: BodyMode): void {
    if (this.used) throw usedError();
    this.#mode = mode;
    if (mode === "whole" && this.#ended) this.#spent();
  }

  #spent(): void {
    const { onSpent } = this;
    this.onSpent = undefined;
    onSpent?.();
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
