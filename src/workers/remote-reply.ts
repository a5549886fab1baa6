/** Remote reply: the answer of an object to one request, and its body with the errors of the object's pool. */

import type { ConnectionInfo } from "../contract/errors.ts";
import { HoldfastError } from "../contract/errors.ts";
import { failedFetch } from "../fetch/fetch-errors.ts";
import { type FoundBinding, type PoolStub, stubError } from "./binding.ts";
import { restoredError } from "./remote-error.ts";
import type { RemoteSignal } from "./remote-signal.ts";
import { connectionFrom, type Pairs, type RemoteCall, type RemoteHead } from "./wire-format.ts";

/** The way to the object, and back. */
interface Way {
  readonly by: RemoteCall["by"];
  readonly stub: PoolStub;
  readonly binding: FoundBinding;
  readonly origin: string;
  readonly signal: RemoteSignal | undefined;
}

/** An answer. */
export class RemoteReply {
  readonly head: RemoteHead;
  /** That of the platform: its body is the body, its fields are those of the server unless the head tells them. */
  readonly response: Response;
  readonly #way: Way;
  #error: Promise<unknown> | undefined;
  #trailers: Pairs = [];

  constructor(head: RemoteHead, response: Response, way: Way) {
    this.head = head;
    this.response = response;
    this.#way = way;
  }

  get status(): number {
    return this.head.status ?? this.response.status;
  }

  get connection(): ConnectionInfo | undefined {
    const { connection } = this.head;
    return connection === undefined ? undefined : connectionFrom(connection, this.#way.origin);
  }

  get resendCount(): number {
    return this.head.resendCount ?? 0;
  }

  /** Trailer fields, once the body has ended. */
  get trailers(): Pairs {
    return this.#trailers;
  }

  /** Whether the body may still fail, so that its error must be asked for. */
  get mayFail(): boolean {
    return this.head.body !== undefined;
  }

  /** Whether the caller's signal ends the body. */
  get hasSignal(): boolean {
    return this.mayFail && this.#way.signal !== undefined;
  }

  /** The value, or the error of the object's pool in place of that of the platform. */
  async restoring<T>(reading: Promise<T>): Promise<T> {
    try {
      const value = await reading;
      await this.#ended();
      return value;
    } catch (cause) {
      throw this.mayFail ? await this.errorFor(cause) : cause;
    }
  }

  /**
   * The body with the errors of the object's pool, and with an end that is noticed. It is locked with the first read: until
   * then the platform may still pass it on by itself.
   */
  stream(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    const { signal } = this.#way;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          reader ??= body.getReader();
          try {
            const reading = reader.read();
            const { done, value } = await (signal === undefined ? reading : signal.race(reading));
            if (!done) return controller.enqueue(value);
            await this.#ended();
            controller.close();
          } catch (cause) {
            controller.error(await this.errorFor(cause));
            reader.cancel(cause).catch(() => {});
          }
        },
        cancel: (reason) => {
          signal?.leave();
          return reader === undefined ? body.cancel(reason) : reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  async #ended(): Promise<void> {
    const { signal, stub } = this.#way;
    signal?.leave();
    const { trailers = [], body = "" } = this.head;
    this.#trailers = trailers === "later" ? ((await stub.outcome(body)).trailers ?? []) : trailers;
  }

  /** A stream that crosses has an error without class, code and cause. The object keeps it under the number of the body. */
  errorFor(cause: unknown): Promise<unknown> {
    this.#error ??= this.#askError(cause);
    return this.#error;
  }

  async #askError(cause: unknown): Promise<unknown> {
    const { by, stub, binding, origin, signal } = this.#way;
    signal?.leave();
    if (signal?.aborted === true) return signal.reason;
    const { error } = await stub.outcome(this.head.body ?? "").catch(() => ({ error: undefined }));
    const restored =
      error === undefined ? stubError(origin, binding.name, cause) : restoredError(error, binding.name);
    return by === "fetch" && restored instanceof HoldfastError ? failedFetch(restored) : restored;
  }
}
