/**
 * Body: a response body on its way from the socket to whoever reads it. The wire pushes; the reader says once
 * how it wants the data: whole, as a stream, or not at all. Until it does, a bounded amount is kept.
 */

import { copyOf, Gathered } from "./gathered.ts";

/** Kept for a reader that has not come, or is slower than the peer; then the socket is paused. */
const HIGH_WATER = 65_536;

/** What a body asks of the exchange that feeds it. */
export interface BodySource {
  /** The reader is behind: stop reading from the socket. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. */
  discard(): void;
}

type Mode = "kept" | "whole" | "stream" | "discarded";

interface Settle {
  resolve(bytes: Uint8Array): void;
  reject(error: unknown): void;
}

/** The body of one response. */
export class ResponseBody {
  /** Length announced by the head, where it was. */
  readonly length: number | undefined;
  /** Makes the error that readers get of one of the wire: `fetch` promises another than `request`. */
  translate: ((error: unknown) => unknown) | undefined = undefined;
  #source: BodySource | undefined;
  #gathered: Gathered;
  #mode: Mode = "kept";
  #ended = false;
  #failed = false;
  #error: unknown;
  #paused = false;
  #settle: Settle | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #stream: ReadableStream<Uint8Array> | undefined;

  constructor(source: BodySource | undefined, length: number | undefined) {
    this.#source = source;
    this.length = length;
    this.#gathered = new Gathered(length);
  }

  /** Whether all of it has arrived, read or not. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether a reader has come. */
  get used(): boolean {
    return this.#mode !== "kept";
  }

  // The wire's side

  /** Data arrived; valid only during the call. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#mode === "discarded") return;
    const controller = this.#controller;
    if (controller !== undefined) {
      controller.enqueue(copyOf(bytes, start, end));
      if ((controller.desiredSize ?? 0) <= 0) this.#pause();
      return;
    }
    this.#gathered.add(bytes, start, end);
    if (this.#mode === "kept" && this.#gathered.size >= HIGH_WATER) this.#pause();
  }

  /** It is complete. */
  end(): void {
    if (this.#ended || this.#failed) return;
    this.#ended = true;
    this.#source = undefined;
    if (this.#mode === "discarded") return;
    this.#settle?.resolve(this.#gathered.take());
    this.#controller?.close();
  }

  /** The rest will not come. */
  fail(error: unknown): void {
    if (this.#ended || this.#failed) return;
    this.#failed = true;
    this.#error = this.translate === undefined ? error : this.translate(error);
    this.#source = undefined;
    if (this.#mode === "discarded") return;
    this.#settle?.reject(this.#error);
    this.#controller?.error(this.#error);
  }

  // The reader's side

  /** All of it, once. Rejects with a `TypeError` when it has a reader already. */
  bytes(): Promise<Uint8Array> {
    if (this.used) return Promise.reject(usedError());
    this.#use("whole");
    if (this.#ended) return Promise.resolve(this.#gathered.take());
    if (this.#failed) return Promise.reject(this.#error);
    this.#resume();
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** All of it, now, or `undefined` when it has not arrived. @throws {TypeError} when it has a reader already. */
  takeWhole(): Uint8Array | undefined {
    if (!this.#ended) return undefined;
    this.#use("whole");
    return this.#gathered.take();
  }

  /** As it arrives, with backpressure. The same stream each time. */
  stream(): ReadableStream<Uint8Array> {
    if (this.#stream !== undefined) return this.#stream;
    this.#use("stream");
    this.#stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => this.#started(controller),
        pull: () => this.#resume(),
        cancel: () => this.discard(),
      },
      { highWaterMark: HIGH_WATER, size: (chunk) => chunk.byteLength },
    );
    return this.#stream;
  }

  /** Nobody wants it, or the rest of it. */
  discard(): void {
    if (this.#mode === "discarded") return;
    this.#mode = "discarded";
    this.#gathered.clear();
    if (!this.#ended)
      this.#settle?.reject(new TypeError("The response body was discarded while it was read"));
    this.#controller = undefined;
    const source = this.#source;
    this.#resume();
    source?.discard();
  }

  /** The response was collected as garbage. Whoever kept its stream, but has not begun, gets an error, not an end. */
  dropped(): void {
    if (this.#ended || this.#failed || this.#mode === "whole" || this.#stream?.locked === true) return;
    const controller = this.#controller;
    this.discard();
    controller?.error(new TypeError("The response was dropped unread, so its connection was given up"));
  }

  #started(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const kept = this.#gathered.take();
    if (kept.length > 0) controller.enqueue(kept);
    if (this.#ended) controller.close();
    else if (this.#failed) controller.error(this.#error);
    else this.#controller = controller;
  }

  #use(mode: Mode): void {
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

function usedError(): TypeError {
  return new TypeError("The response body has been read already, or is being read");
}
