/** Waiting request: a request without a connection, of which `node:http` knows nothing but that it has no socket yet. */

import type { RunInContext } from "../contract/transport.ts";
import { callersContext } from "./callers-context.ts";
import type { NodeRequest } from "./node-request.ts";

/** One request that waits, from its beginning to its socket or its end. */
export class WaitingRequest {
  readonly #request: NodeRequest;
  readonly #run: RunInContext = callersContext();

  /**
   * `node:http` tells nobody that a request without a socket was destroyed, so its method does until then. `destroyed` is called
   * after it.
   */
  constructor(request: NodeRequest, destroyed: (error: Error | undefined) => void) {
    this.#request = request;
    const destroy = (error?: Error): NodeRequest => {
      this.#leave();
      request.destroy(error);
      destroyed(error);
      return request;
    };
    Object.defineProperty(request, "destroy", { value: destroy, configurable: true, writable: true });
  }

  /** It waits no longer. Runs `tell` in the caller's async context. */
  end(tell: () => void): void {
    this.#leave();
    this.#run(tell);
  }

  #leave(): void {
    Reflect.deleteProperty(this.#request, "destroy");
  }
}
