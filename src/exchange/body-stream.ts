/**
 * Body stream: the reference from a response body to its stream. The socket references the body, so a strong reference to
 * the stream would keep a forgotten one alive for ever. The reference is therefore weak, except while a reader waits for
 * data and while data is passed.
 */

/** Fills the stream. */
export type Controller = ReadableStreamDefaultController<Uint8Array>;

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
    controller.enqueue(piece);
    return -(controller.desiredSize ?? 0);
  }

  /** The batch that arrived at once was passed. */
  passed(): void {
    if (!this.#awaited) this.#strong = undefined;
  }

  /** Returns how many bytes wait to be read. */
  close(): number {
    const controller = this.#release();
    const left = -(controller?.desiredSize ?? 0);
    controller?.close();
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
