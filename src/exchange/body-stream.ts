/**
 * Body stream: the reference from a response body to its stream. The socket references the body, so a strong reference to
 * the stream would keep a forgotten one alive for ever. The reference is therefore weak, except while a reader waits for
 * data and while data is passed.
 */

/** Fills the stream. */
export type Controller = ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController;

/** The reference to one stream. */
export class BodyStream {
  #controller: WeakRef<Controller> | undefined = undefined;
  #strong: Controller | undefined = undefined;
  /** A reader waits for data. It may be referenced by nothing but the stream. */
  #awaited = false;

  /** The stream was created. */
  opened(controller: Controller): void {
    this.#controller = new WeakRef(controller);
  }

  /** A reader waits for data. */
  awaits(controller: Controller): void {
    this.#strong = controller;
    this.#awaited = true;
  }

  /** Passes a piece on. Returns how many bytes wait to be read. Nothing happens if the stream was collected as garbage. */
  pass(piece: Uint8Array): number {
    // Kept until the batch was passed: a WeakRef lookup per chunk costs Bun 1.4 a sixth of the time.
    this.#strong ??= this.#controller?.deref();
    const controller = this.#strong;
    if (controller === undefined) return 0;
    this.#awaited = false;
    // May call `awaits` again, for the next waiting reader.
    enqueuePiece(controller, piece);
    return -(controller.desiredSize ?? 0);
  }

  /** The batch that arrived at once was passed. */
  passed(): void {
    if (!this.#awaited) this.#strong = undefined;
  }

  /** Returns how many bytes wait to be read. */
  close(): number {
    const controller = this.#release();
    if (controller === undefined) return 0;
    const left = -(controller.desiredSize ?? 0);
    closeReadable(controller);
    return left;
  }

  /** May follow {@linkcode close}: pieces that nobody has read are dropped then. */
  error(error: unknown): void {
    this.#release()?.error(error);
  }

  #release(): Controller | undefined {
    const controller = this.#strong ?? this.#controller?.deref();
    this.#strong = undefined;
    this.#awaited = false;
    return controller;
  }
}

/** Passes a piece on. A byte stream takes the buffer of the piece away, so nobody else may use that buffer. */
export function enqueuePiece(controller: Controller, piece: Uint8Array): void {
  controller.enqueue(piece as Uint8Array<ArrayBuffer>);
}

/** Ends the stream. */
export function closeReadable(controller: Controller): void {
  try {
    controller.close();
  } catch {
    // A BYOB reader has a part of an element. The stream has failed then, and the reader is told (Streams §3.11.3).
    return;
  }
  // A BYOB reader that waits gets its buffer back (Streams §4.7.2).
  if ("byobRequest" in controller) controller.byobRequest?.respond(0);
}
