/**
 * Outlet: the way from a body to its stream. It leads there for as long as somebody holds the stream, and holds it
 * itself only while somebody waits for data, and while data comes: the socket leads here, and would keep a forgotten
 * stream for ever.
 */

/** What fills a stream. */
export type Controller = ReadableStreamDefaultController<Uint8Array>;

/** One stream's. */
export class BodyStream {
  #controller: WeakRef<Controller> | undefined = undefined;
  #held: Controller | undefined = undefined;
  /** Somebody waits, who may be held by nothing but the stream. */
  #awaited = false;

  /** The stream is there. */
  opened(controller: Controller): void {
    this.#controller = new WeakRef(controller);
  }

  /** Somebody waits for data. */
  awaits(controller: Controller): void {
    this.#held = controller;
    this.#awaited = true;
  }

  /** Gives a piece. Answers how many bytes wait to be read; what comes after the stream was collected is lost. */
  pass(piece: Uint8Array): number {
    // Held until all that came at once was passed: to ask a WeakRef for each chunk costs Bun 1.4 a sixth of the time.
    this.#held ??= this.#controller?.deref();
    const controller = this.#held;
    if (controller === undefined) return 0;
    this.#awaited = false;
    // May call `awaits` once more, for somebody else who waits.
    controller.enqueue(piece);
    return -(controller.desiredSize ?? 0);
  }

  /** All that came at once was passed. */
  passed(): void {
    if (!this.#awaited) this.#held = undefined;
  }

  close(): void {
    this.#take()?.close();
  }

  error(error: unknown): void {
    this.#take()?.error(error);
  }

  #take(): Controller | undefined {
    const controller = this.#held ?? this.#controller?.deref();
    this.#held = undefined;
    this.#awaited = false;
    return controller;
  }
}
