/**
 * Traced call: the span of one call, from the call to the end of the last body. The requests of a call (its redirects) and their
 * resends are events of its one span.
 */

import { type ConnectionInfo, HoldfastError } from "../contract/errors.ts";
import type { ConnectionAcquired, PoolEvent, RequestFinished, RequestStarted } from "../contract/events.ts";
import { originOf } from "../contract/origin.ts";
import { errorLabel } from "../metrics/labels.ts";
import type { SpanAttributes, SpanLike } from "./tracer-like.ts";

/** What calls of all kinds resolve with. */
export interface CallAnswer {
  readonly status: number;
  readonly connection?: ConnectionInfo;
  /** The socket of an upgrade, which is nobody's response. */
  readonly socket?: unknown;
}

/** Calls the tracer's code. Its errors are nobody's: they must not end a request. */
export function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // The span says less than it could.
  }
}

/** The tag of a traced call, by which its events find it. */
export class TracedCall {
  /** The caller's own tag. */
  readonly tag: unknown;
  readonly #span: SpanLike;
  readonly #onEnd: (call: TracedCall) => void;
  /** The number of its last request. The pool may still read the rest of an earlier one, which was a redirect. */
  #last = 0;
  /** Nothing of the last request is left to come. */
  #idle = true;
  #requests = 0;
  #resends = 0;
  /** The caller has the response. */
  #answered = false;
  #over = false;

  constructor(span: SpanLike, tag: unknown, onEnd: (call: TracedCall) => void) {
    this.#span = span;
    this.tag = tag;
    this.#onEnd = onEnd;
  }

  /** A request of the call entered the pool: its first, or one that a redirect asked for. */
  started({ request, origin, method }: RequestStarted): void {
    this.#last = request;
    this.#idle = false;
    this.#requests += 1;
    if (this.#requests === 1) return;
    this.#resends += 1;
    const { hostname, port } = originOf(origin);
    this.#tell("holdfast.redirected", {
      "http.request.method": method,
      "server.address": hostname,
      "server.port": port,
      ...this.#resendCount,
    });
  }

  /** `dialledMs`: how long its connection took to open, if it was opened during the call. */
  acquired(event: ConnectionAcquired, dialledMs: number | undefined): void {
    const facts = {
      "holdfast.connection.id": event.connection,
      "holdfast.connection.reused": event.reused,
      "holdfast.connection.request_number": event.requestNumber,
      "holdfast.connection.idle_ms": event.idleMs,
      "holdfast.waited_ms": event.waitedMs,
    };
    if (dialledMs !== undefined)
      this.#tell("holdfast.connection.opened", {
        "holdfast.connection.id": event.connection,
        "holdfast.elapsed_ms": dialledMs,
      });
    this.#tell("holdfast.connection.acquired", facts);
    quietly(() => this.#span.setAttributes(facts));
  }

  /** Anything else that happens to one of its requests. */
  happened(event: PoolEvent): void {
    switch (event.type) {
      case "request.queued":
        return this.#tell("holdfast.request.queued", { "holdfast.queued": event.queued });
      case "request.retried":
        return this.#resent("holdfast.request.retried", {
          "holdfast.resend.reason": event.reason,
          "holdfast.connection.id": event.connection,
        });
      case "request.doubted":
        return this.#resent("holdfast.request.doubted", {
          "holdfast.connection.id": event.connection,
          "holdfast.connection.idle_ms": event.idleMs,
          "holdfast.waited_ms": event.waitedMs,
        });
      case "request.finished":
        return this.#finished(event);
      case "request.failed":
        if (event.request !== this.#last) return;
        // Before the response, the caller's promise tells.
        return this.#answered ? this.failed(event.error) : undefined;
      default:
    }
  }

  /** The caller gets the response. The span goes on until the body is over. */
  answered(answer: CallAnswer): void {
    this.#answered = true;
    quietly(() => this.#describe(answer));
    if (this.#idle || answer.socket !== undefined) this.#end();
  }

  /** The call failed, or the body after it. */
  failed(reason: unknown): void {
    if (this.#over) return;
    quietly(() => this.#describeFailure(reason));
    this.#end();
  }

  #describe({ status, connection }: CallAnswer): void {
    const isError = status < 100 || status >= 400;
    this.#span.setAttributes({
      "http.response.status_code": status,
      ...(isError ? { "error.type": String(status) } : undefined),
      ...peerOf(connection),
    });
    // The conventions: no description where the status says it.
    if (isError) this.#span.setStatus({ code: 2 });
  }

  #describeFailure(reason: unknown): void {
    const error = errorOf(reason);
    this.#span.setAttributes({ "error.type": errorLabel(error), ...failureOf(error) });
    this.#span.recordException(error instanceof Error || typeof error === "string" ? error : typeof error);
    this.#span.setStatus(error instanceof Error ? { code: 2, message: error.message } : { code: 2 });
  }

  #finished({ request, httpVersion }: RequestFinished): void {
    if (request !== this.#last) return;
    const protocol = { "network.protocol.name": "http", "network.protocol.version": httpVersion };
    quietly(() => this.#span.setAttributes(protocol));
    this.#idle = true;
    if (this.#answered) this.#end();
  }

  get #resendCount(): SpanAttributes {
    return { "http.request.resend_count": this.#resends };
  }

  #resent(name: string, attributes: SpanAttributes): void {
    this.#resends += 1;
    this.#tell(name, { ...attributes, ...this.#resendCount });
  }

  #tell(name: string, attributes: SpanAttributes): void {
    if (!this.#over) quietly(() => this.#span.addEvent(name, attributes));
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    quietly(() => {
      if (this.#resends > 0) this.#span.setAttributes(this.#resendCount);
    });
    quietly(() => this.#span.end());
    this.#onEnd(this);
  }
}

/** `fetch` rejects with a TypeError, whose cause says more. */
function errorOf(reason: unknown): unknown {
  return reason instanceof TypeError && reason.cause instanceof HoldfastError ? reason.cause : reason;
}

function failureOf(error: unknown): SpanAttributes {
  if (!(error instanceof HoldfastError)) return {};
  const { phase, sent, connection } = error;
  return { "holdfast.error.phase": phase, "holdfast.error.sent": sent, ...peerOf(connection) };
}

function peerOf(connection: ConnectionInfo | undefined): SpanAttributes {
  if (connection?.remoteAddress === undefined) return {};
  const { remoteAddress, remotePort } = connection;
  const port = remotePort === undefined ? undefined : { "network.peer.port": remotePort };
  return { "network.peer.address": remoteAddress, ...port };
}
