/**
 * Foreign signal: a signal of another realm or library, which is recognised by its shape. Its members are functions of the caller, and
 * may throw where nothing may be thrown: in the middle of the end of a request, which would then never settle.
 */

import { thrownFault } from "../contract/user-functions.ts";

/** One for each signal, because all requests that share a signal share a listener. */
const guarded: WeakMap<AbortSignal, AbortSignal> = new WeakMap();

/** The signal, or one in its place whose members do not throw, but `addEventListener`, whose caller expects that. */
export function guardedSignal(signal: AbortSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const known = guarded.get(signal);
  if (known !== undefined) return known;
  // What is left out is not used.
  const guard = new ForeignSignal(signal) as unknown as AbortSignal;
  guarded.set(signal, guard);
  return guard;
}

/** A signal that cannot say whether it was aborted counts as aborted, for that reason. */
class ForeignSignal {
  readonly #signal: AbortSignal;
  #fault: unknown = undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get aborted(): boolean {
    if (this.#fault !== undefined) return true;
    try {
      return this.#signal.aborted === true;
    } catch (cause) {
      this.#fault = thrownFault("signal.aborted", cause);
      return true;
    }
  }

  get reason(): unknown {
    if (this.#fault !== undefined) return this.#fault;
    try {
      return this.#signal.reason;
    } catch (cause) {
      return thrownFault("signal.reason", cause);
    }
  }

  addEventListener(type: "abort", listener: () => void, options?: AddEventListenerOptions): void {
    this.#signal.addEventListener(type, listener, options);
  }

  removeEventListener(type: "abort", listener: () => void): void {
    try {
      this.#signal.removeEventListener(type, listener);
    } catch {
      // The request ends as it did.
    }
  }
}
