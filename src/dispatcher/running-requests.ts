/** Running requests: what a dispatcher has under way, so that it can wait for it, and end it. */

import type { ResponseHead } from "../contract/wire.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { InterimListener } from "../exchange/message.ts";

/** A call, as long as no response has begun. */
export interface WaitingCall extends InterimListener {
  abort(reason: unknown): void;
}

/**
 * One request under way. The exchange refers to it, so it must not refer to the call once there is a response: the socket would
 * keep a response alive that the program has dropped unread.
 */
export class RunningRequest implements InterimListener {
  /** Its index in the list. */
  slot: number | undefined = undefined;
  call: WaitingCall | undefined;
  exchange: Exchange | undefined = undefined;

  constructor(call: WaitingCall) {
    this.call = call;
  }

  interim(head: ResponseHead): void {
    this.call?.interim(head);
  }

  abort(reason: unknown): void {
    if (this.call !== undefined) this.call.abort(reason);
    else this.exchange?.abort(reason);
  }
}

/** All requests under way, in no order. Not a `Set`, for the reason given in `pool/timer.ts`. */
export class RunningRequests {
  readonly #list: RunningRequest[] = [];
  #onEmpty: (() => void)[] = [];

  add(request: RunningRequest): void {
    request.slot = this.#list.push(request) - 1;
  }

  drop(request: RunningRequest): void {
    const { slot } = request;
    if (slot === undefined) return;
    request.slot = undefined;
    const last = this.#list.pop();
    if (last !== undefined && last !== request) {
      this.#list[slot] = last;
      last.slot = slot;
    }
    if (this.#list.length > 0) return;
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  /** Resolves when nothing is under way. */
  ended(): Promise<void> {
    if (this.#list.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  abortAll(reason: unknown): void {
    for (const request of [...this.#list]) request.abort(reason);
  }
}
