/**
 * Body abort: ends the stream of a body that has arrived whole when the signal of its call is aborted (Fetch §5.6). Until
 * the body has arrived, its exchange watches the signal.
 *
 * A signal may outlive many responses, so it must keep none of them alive: it refers to a body weakly, and is left when the
 * body was read, or its stream collected as garbage.
 */

import { type Abortable, unwatchSignal, watchSignal } from "../exchange/abort.ts";
import { finalizers } from "./collection.ts";

/** A body, as its signal sees it. */
interface EndableBody extends Abortable {
  /** Called once, when there is nothing left to read or it must not be read any more. */
  onSpent: (() => void) | undefined;
}

class BodyAbort implements Abortable {
  signalSlot: number | undefined = undefined;
  readonly #signal: WeakRef<AbortSignal>;
  readonly #body: WeakRef<EndableBody>;

  constructor(signal: AbortSignal, body: EndableBody) {
    this.#signal = new WeakRef(signal);
    this.#body = new WeakRef(body);
  }

  abort(reason: unknown): void {
    this.#body.deref()?.abort(reason);
  }

  leave(): void {
    const signal = this.#signal.deref();
    if (signal !== undefined) unwatchSignal(signal, this);
  }
}

const registry: FinalizationRegistry<BodyAbort> | undefined = finalizers((abort) => abort.leave());

/** Aborts `body` with `signal`, as long as the program has `stream`, which reads it. */
export function watchBody(signal: AbortSignal, stream: ReadableStream, body: EndableBody): void {
  if (registry === undefined) return;
  const abort = new BodyAbort(signal, body);
  watchSignal(signal, abort);
  const unwatch = () => unwatchSignal(signal, abort);
  body.onSpent = unwatch;
  registry.register(stream, abort);
}
