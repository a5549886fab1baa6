/**
 * The adapter for `node:http` (@hono/node-server), on Node and in the implementations of Deno and Bun. It has the
 * socket itself, with its timer, and the response that knows whether Node will keep the connection.
 */

import { parseConnection } from "../rules/persistence.ts";
import type { Announcement } from "../rules/server-side.ts";
import { openOf } from "./open-connections.ts";
import type { ResponseFields, ServerAdapter } from "./server-adapter.ts";

/** The part of `net.Socket` that is used. */
interface NodeSocket {
  /** The last value passed to `setTimeout`. */
  readonly timeout?: number;
  /** The server that accepted it. */
  readonly server?: { readonly listening?: boolean };
  setTimeout(ms: number): unknown;
}

/** The part of `http.IncomingMessage` that is used. */
interface NodeIncoming {
  readonly socket: NodeSocket;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly headers: { readonly connection?: string };
}

/** The part of `http.ServerResponse` that is used. */
interface NodeOutgoing {
  readonly shouldKeepAlive: boolean;
  /** `server.maxRequestsPerSocket` is reached. Node then says `close`, unless the response's own fields overrule it. */
  readonly maxRequestsOnConnectionReached?: boolean;
  once(event: "finish" | "close", listener: () => void): unknown;
  removeHeader(name: string): void;
}

/** The timeout of each socket before its first request: Node's `server.timeout`, which is off by default. */
const activeTimeouts: WeakMap<NodeSocket, number> = new WeakMap();

/** A connection changes its protocol: lifts the idle timeout that its last response may have set. */
export function liftIdleTimeout(socket: object): void {
  const before = activeTimeouts.get(socket as NodeSocket);
  if (before !== undefined) (socket as NodeSocket).setTimeout(before);
}

/** The longest delay of a Node timer (2^31 - 1 ms). A longer one fires at once. */
const MAX_DELAY_MS = 2_147_483_647;

/** The adapter for a request to `node:http`. HTTP/2 has its own, and a request that becomes a WebSocket has none. */
export function nodeAdapter(bindings: object): ServerAdapter | undefined {
  const { incoming, outgoing } = bindings as { incoming?: NodeIncoming; outgoing?: NodeOutgoing };
  // A request that becomes a WebSocket comes without a response.
  if (incoming === undefined || outgoing === undefined || incoming.httpVersionMajor !== 1) return undefined;
  return new NodeAdapter(incoming, outgoing);
}

class NodeAdapter implements ServerAdapter {
  readonly server = "node";
  readonly enforcement = "enforced";
  readonly key: NodeSocket;
  readonly minorVersion: number;
  readonly #incoming: NodeIncoming;
  readonly #outgoing: NodeOutgoing;

  constructor(incoming: NodeIncoming, outgoing: NodeOutgoing) {
    this.key = incoming.socket;
    this.minorVersion = incoming.httpVersionMinor;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  get willClose(): boolean {
    const { shouldKeepAlive, maxRequestsOnConnectionReached } = this.#outgoing;
    if (!shouldKeepAlive || maxRequestsOnConnectionReached === true || this.#isServerClosing) return true;
    // In Bun 1.4 shouldKeepAlive stays true if `close` is not the only option in the list.
    return parseConnection(this.#incoming.headers.connection ?? "").close;
  }

  /**
   * `server.close()` was called. It ends idle connections, but keeps a connection that is answered afterwards until its
   * timeout, and keeps the process alive for as long (Node 24, Deno 2.9, Bun 1.4).
   */
  get #isServerClosing(): boolean {
    return this.key.server?.listening === false;
  }

  /** On HTTP/1.0 Node writes `Connection: keep-alive`, and adds its own timeout. */
  get addsKeepAlive(): boolean {
    return this.minorVersion === 0;
  }

  requestStarted(onDone: () => void): void {
    const before = activeTimeouts.get(this.key);
    if (before === undefined) {
      activeTimeouts.set(this.key, this.key.timeout ?? 0);
      if (this.key.server !== undefined) openOf(this.key.server);
    }
    // Node restores it only if its own keepAliveTimeout is on.
    else this.key.setTimeout(before);
    let isDone = false;
    const once = (): void => {
      if (!isDone) onDone();
      isDone = true;
    };
    this.#outgoing.once("finish", once);
    this.#outgoing.once("close", once);
  }

  /**
   * Leaves `Connection: keep-alive` to Node. If the response carried one, Node would keep a connection that must end,
   * on HTTP/1.0 or after a body that ends with the connection (Node 24, Deno 2.9).
   */
  writeAnnouncement(headers: ResponseFields, { connection, keepAlive }: Announcement): void {
    headers.delete("connection");
    headers.delete("keep-alive");
    if (keepAlive !== undefined) headers.set("keep-alive", keepAlive);
    if (connection === "close") headers.set("connection", "close");
    else if (keepAlive !== undefined) return;
    else if (connection === undefined) this.#outgoing.removeHeader("connection");
    else if (this.minorVersion > 0) headers.set("connection", connection);
  }

  /** Node sets its own keepAliveTimeout in an earlier listener of `finish`, so this listener overrides it. */
  closeWhenIdle(ms: number, isIdle: () => boolean): void {
    const delay = ms === Infinity ? 0 : Math.min(Math.max(1, Math.ceil(ms)), MAX_DELAY_MS);
    this.#outgoing.once("finish", () => {
      // If the server began to close after the announcement, do not wait for the announced time.
      if (isIdle()) this.key.setTimeout(this.#isServerClosing ? 1 : delay);
    });
  }
}
