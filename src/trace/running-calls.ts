/** Running calls: finds the call that an event of the pool is about. It listens only while there is a call. */

import type { PoolEvent } from "../contract/events.ts";
import type { Pool } from "../create-pool.ts";
import { TracedCall } from "./traced-call.ts";
import type { SpanLike } from "./tracer-like.ts";

/** The calls of one traced pool that have not ended. */
export class RunningCalls {
  readonly #pool: Pick<Pool, "subscribe">;
  readonly #calls: Set<TracedCall> = new Set();
  readonly #byRequest: Map<number, TracedCall> = new Map();
  /** How long connections took that were opened since, and have carried no request yet. */
  readonly #dialled: Map<number, number> = new Map();
  #unsubscribe: (() => void) | undefined = undefined;

  constructor(pool: Pick<Pool, "subscribe">) {
    this.#pool = pool;
  }

  /** A call begins. */
  begin(span: SpanLike, tag: unknown): TracedCall {
    const call = new TracedCall(span, tag, this.#onEnd);
    this.#calls.add(call);
    this.#unsubscribe ??= this.#pool.subscribe((event) => this.#onEvent(event));
    return call;
  }

  readonly #onEnd = (call: TracedCall): void => {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#byRequest.clear();
    this.#dialled.clear();
  };

  #onEvent(event: PoolEvent): void {
    switch (event.type) {
      case "connection.opened":
        this.#dialled.set(event.connection, event.elapsedMs);
        return;
      case "connection.retired":
        this.#dialled.delete(event.connection);
        return;
      case "request.started": {
        const call = this.#callOf(event.tag);
        if (call === undefined) return;
        this.#byRequest.set(event.request, call);
        return call.started(event);
      }
      case "connection.acquired": {
        const dialledMs = this.#dialled.get(event.connection);
        this.#dialled.delete(event.connection);
        return this.#byRequest.get(event.request)?.acquired(event, dialledMs);
      }
      default:
        if ("request" in event) this.#happened(event.request, event);
    }
  }

  #happened(request: number, event: PoolEvent): void {
    const call = this.#byRequest.get(request);
    if (event.type === "request.finished" || event.type === "request.failed") this.#byRequest.delete(request);
    call?.happened(event);
  }

  /** A pool may be traced twice: the tag of the inner call holds that of the outer one. */
  #callOf(tag: unknown): TracedCall | undefined {
    for (let each = tag; each instanceof TracedCall; each = each.tag) if (this.#calls.has(each)) return each;
    return undefined;
  }
}
