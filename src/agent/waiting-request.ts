/** Waiting request: a request without a connection, of which `node:http` knows nothing but that it has no socket yet. */

import type { RunInContext } from "../contract/transport.ts";
import { callersContext } from "./callers-context.ts";
import type { NodeRequest } from "./node-request.ts";

/** One request that waits, from its beginning to its socket or its end. */
export class WaitingRequest<Owner extends { readonly request: NodeRequest }> {
  readonly #owner: Owner;
  readonly #waiting: Set<Owner>;
  readonly #run: RunInContext = callersContext();

  /**
   * `node:http` tells nobody that a request without a socket was destroyed, so its method does until then. `destroyed` is called
   * after it. `waiting`: the requests that wait, as the agent shows them.
   */
  constructor(owner: Owner, waiting: Set<Owner>, destroyed: (error: Error | undefined) => void) {
    const { request } = owner;
    this.#owner = owner;
    this.#waiting = waiting.add(owner);
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
    this.#waiting.delete(this.#owner);
    Reflect.deleteProperty(this.#owner.request, "destroy");
  }
}
