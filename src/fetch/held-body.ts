/**
 * Held body: a stream of a body that lies whole in the slots of a `Response`. The runtime's own stream of it is no byte
 * stream on Deno 2.9, and the signal of the call could not end it on any runtime.
 */

import type { Abortable } from "../exchange/abort.ts";
import { type Controller, closeReadable, enqueuePiece } from "../exchange/body-stream.ts";
import { watchBody } from "./body-abort.ts";

/** What the stream must be like. */
interface HeldStream {
  /** Ends the stream, until all of it has been read. */
  readonly signal: AbortSignal | undefined;
  readonly byteStreams: boolean;
}

/** The runtime's own stream of the body. */
type Slots = () => ReadableStream<Uint8Array> | null;

/** @param slots Called when the stream is read, so that a response that is passed on unread keeps its slots. */
export function heldStream(slots: Slots, { signal, byteStreams }: HeldStream): ReadableStream<Uint8Array> {
  const held = new HeldBody(slots);
  const source = {
    start: (controller: Controller) => held.opened(controller),
    pull: (controller: Controller) => held.pulled(controller),
    cancel: () => held.spent(),
  };
  const strategy = { highWaterMark: 0 };
  const stream: ReadableStream<Uint8Array> = byteStreams
    ? new ReadableStream({ ...source, type: "bytes" }, strategy)
    : new ReadableStream(source, strategy);
  if (signal !== undefined) watchBody(signal, stream, held);
  return stream;
}

class HeldBody implements Abortable {
  onSpent: (() => void) | undefined = undefined;
  readonly #slots: Slots;
  /** Until the stream has ended. */
  #controller: Controller | undefined = undefined;

  constructor(slots: Slots) {
    this.#slots = slots;
  }

  opened(controller: Controller): void {
    this.#controller = controller;
  }

  /** Passes everything at once, because it lies in memory already. */
  async pulled(controller: Controller): Promise<void> {
    const reader = this.#slots()?.getReader();
    for (;;) {
      const piece = await reader?.read();
      if (this.#controller === undefined) return;
      if (piece === undefined || piece.done) break;
      if (piece.value.length > 0) enqueuePiece(controller, new Uint8Array(piece.value));
    }
    this.spent();
    closeReadable(controller);
  }

  abort(reason: unknown): void {
    this.#controller?.error(reason);
    this.spent();
  }

  /** There is nothing left to read, or it must not be read any more. */
  spent(): void {
    const { onSpent } = this;
    this.#controller = undefined;
    this.onSpent = undefined;
    onSpent?.();
  }
}
