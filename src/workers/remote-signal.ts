/** Remote signal: the signal of a request to an object, which ends it there by its number. */

import { waitUntil } from "cloudflare:workers";
import type { PoolStub } from "./binding.ts";

let counted = 0;
let prefix: string | undefined;

/** A number that no other caller has. Random numbers are not allowed before the first request of a Worker. */
function nextId(): string {
  prefix ??= crypto.randomUUID();
  counted += 1;
  return `${prefix}/${counted}`;
}

/** The signal of one request. Only an abort takes a call of its own. */
export class RemoteSignal {
  /** The number of the request. */
  readonly id: string = nextId();
  readonly #signal: AbortSignal;
  readonly #stub: PoolStub;

  constructor(signal: AbortSignal, stub: PoolStub) {
    this.#signal = signal;
    this.#stub = stub;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  get reason(): unknown {
    return this.#signal.reason;
  }

  /** The Worker may answer as soon as its caller knows, and what it left open then would end with it. */
  readonly #abort = (): void => waitUntil(this.#stub.abort(this.id).catch(() => {}));

  /** The promise, or the reason of an abort that comes first. */
  race<T>(promise: Promise<T>): Promise<T> {
    const signal = this.#signal;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }

  /** The request is over: a signal may outlive many. */
  leave(): void {
    this.#signal.removeEventListener("abort", this.#abort);
  }
}
