/**
 * The adapter for `node:http2` (@hono/node-server), on Node and in the implementations of Deno and Bun. A connection is
 * a session, which carries many requests at a time and ends with GOAWAY.
 */

import type { Clock, Timer } from "../contract/clock.ts";
import { isBun } from "./is-bun.ts";
import { openOf } from "./open-connections.ts";
import type { ResponseFields, ServerAdapter } from "./server-adapter.ts";

/** The part of `http2.ServerHttp2Session` that is used. */
interface NodeSession {
  /** `close()` was called: no further request begins. */
  readonly closed: boolean;
  readonly destroyed: boolean;
  readonly socket?: { readonly server?: { readonly listening?: boolean }; destroySoon?(): void };
  /**
   * Sends GOAWAY with the last request that came, and ends the connection when all are answered. A request that was on
   * the way is not executed. GOAWAY proves that to the client, which may send it again (RFC 9113 §6.8).
   *
   * The standard's other way, a first GOAWAY with the highest id, does not work: Node and Deno execute nothing after
   * any GOAWAY (nghttp2's `session_allow_incoming_new_stream`, seen on Node 20 and Deno 2.9).
   */
  close(): void;
  once(event: "close", listener: () => void): unknown;
}

/** How long a session may stay open after its last response, where it does not end by itself. */
const LINGER_MS = 1000;

/** The part of `http2.Http2ServerRequest` that is used. */
interface NodeIncoming {
  readonly httpVersionMajor: number;
  readonly stream?: { readonly session?: NodeSession };
}

/** The part of `http2.Http2ServerResponse`, or of the stream itself, that is used. */
interface NodeOutgoing {
  once(event: "finish" | "close", listener: () => void): unknown;
}

/** The adapter for a request to `node:http2`. A request over HTTP/1.1 (`allowHTTP1`) has none. */
export function http2Adapter(bindings: object, clock: Clock): ServerAdapter | undefined {
  const { incoming, outgoing } = bindings as { incoming?: NodeIncoming; outgoing?: NodeOutgoing };
  if (incoming?.httpVersionMajor !== 2 || outgoing === undefined) return undefined;
  const session = incoming.stream?.session;
  // A request whose stream was reset before the middleware ran has lost its session (Node 24).
  return session === undefined ? undefined : new Http2Adapter(session, outgoing, clock);
}

class Http2Adapter implements ServerAdapter {
  readonly server = "node";
  readonly enforcement = "enforced";
  readonly minorVersion = 1;
  readonly addsKeepAlive = false;
  readonly key: NodeSession;
  readonly #limit: IdleLimit;
  readonly #outgoing: NodeOutgoing;
  #isDone = false;

  constructor(session: NodeSession, outgoing: NodeOutgoing, clock: Clock) {
    this.key = session;
    this.#outgoing = outgoing;
    this.#limit = IdleLimit.of(session, clock);
  }

  /** `server.close()` leaves sessions open, idle ones too, and so keeps the process alive (Node 20). */
  get willClose(): boolean {
    return this.key.closed || this.key.socket?.server?.listening === false;
  }

  requestStarted(onDone: () => void): void {
    const once = (): void => {
      if (!this.#isDone) onDone();
      this.#isDone = true;
    };
    this.#outgoing.once("finish", once);
    this.#outgoing.once("close", once);
  }

  /** Node warns of these fields and leaves them out; RFC 9113 §8.2.2 forbids them. */
  writeAnnouncement(headers: ResponseFields): void {
    headers.delete("connection");
    headers.delete("keep-alive");
  }

  /** A client may have reset the request while its handler ran. Then its response never ends. */
  closeWhenIdle(ms: number, isIdle: () => boolean): void {
    const wait = (): void => this.#limit.idle(ms, isIdle);
    if (this.#isDone) wait();
    else this.#outgoing.once("close", wait);
  }

  whenClosed(listener: () => void): void {
    this.key.once("close", listener);
  }

  goaway(isDone: () => boolean): void {
    if (!this.key.closed) this.key.close();
    if (isBun()) this.#limit.destroyWhen(isDone);
  }
}

const limits: WeakMap<NodeSession, IdleLimit> = new WeakMap();

/**
 * Ends a session that has had no request for a while. Node's own timer (`session.setTimeout`) would count a PING as use.
 */
class IdleLimit {
  readonly #session: NodeSession;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #idleSince = 0;

  static of(session: NodeSession, clock: Clock): IdleLimit {
    let limit = limits.get(session);
    if (limit === undefined) {
      limit = new IdleLimit(session, clock);
      limits.set(session, limit);
    }
    return limit;
  }

  constructor(session: NodeSession, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
    const sessions =
      session.socket?.server === undefined ? undefined : openOf(session.socket.server).sessions;
    sessions?.add(session);
    session.once("close", () => {
      this.#timer?.cancel();
      sessions?.delete(session);
    });
  }

  /** A session that is used often keeps its timer: when it fires, it waits for what is left of the idle time. */
  idle(ms: number, isIdle: () => boolean): void {
    if (ms === Infinity || this.#session.closed || !isIdle()) return;
    this.#idleSince = this.#clock.now();
    if (this.#timer === undefined) this.#watch(ms, ms, isIdle);
  }

  /**
   * Bun 1.4 waits for ever for the streams that it ignored after its GOAWAY. `session.destroy()` would send another
   * GOAWAY that names them as taken.
   */
  destroyWhen(isDone: () => boolean, wasDone = false): void {
    if (this.#session.destroyed) return;
    if (wasDone) return this.#session.socket?.destroySoon?.();
    this.#timer?.cancel();
    this.#timer = this.#clock.schedule(LINGER_MS, () => this.destroyWhen(isDone, isDone()));
  }

  #watch(delayMs: number, idleMs: number, isIdle: () => boolean): void {
    this.#timer = this.#clock.schedule(delayMs, () => {
      this.#timer = undefined;
      if (this.#session.closed || !isIdle()) return; // the end of its last request sets the timer again
      const leftMs = this.#idleSince + idleMs - this.#clock.now();
      if (leftMs > 0) this.#watch(leftMs, idleMs, isIdle);
      else this.#session.close();
    });
  }
}
