/**
 * Inbound on `node:http` (@hono/node-server), on Node and in the imitations of Deno and Bun: the socket itself, with
 * its timer, and the response that knows whether Node will keep it.
 */

import type { Announcement } from "../../rules/announce.ts";
import { parseConnection } from "../../rules/hints.ts";
import type { ServerAdapter } from "./server.ts";

/** As much of `net.Socket` as is used. */
interface NodeSocket {
  /** What `setTimeout` set last. */
  readonly timeout?: number;
  /** The server it came to. */
  readonly server?: { readonly listening?: boolean };
  setTimeout(ms: number): unknown;
}

/** As much of `http.IncomingMessage` as is used. */
interface NodeIncoming {
  readonly socket: NodeSocket;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly headers: { readonly connection?: string };
}

/** As much of `http.ServerResponse` as is used. */
interface NodeOutgoing {
  readonly shouldKeepAlive: boolean;
  /** `server.maxRequestsPerSocket` is reached: Node says `close` unless it is overruled, and must not be. */
  readonly maxRequestsOnConnectionReached?: boolean;
  once(event: "finish" | "close", listener: () => void): unknown;
  removeHeader(name: string): void;
}

/** The timeout a socket had before its first request: Node's `server.timeout`, which is off by default. */
const activeTimeouts: WeakMap<NodeSocket, number> = new WeakMap();

/** Longest delay of a timer (2^31 - 1 ms); beyond it Node fires at once. */
const MAX_DELAY_MS = 2_147_483_647;

/** The connection of a request to `node:http`, unless it is one of HTTP/2, or about to be a WebSocket. */
export function nodeInbound(bindings: object): ServerAdapter | undefined {
  const { incoming, outgoing } = bindings as { incoming?: NodeIncoming; outgoing?: NodeOutgoing };
  // A request that becomes a WebSocket comes without a response.
  if (incoming === undefined || outgoing === undefined || incoming.httpVersionMajor !== 1) return undefined;
  return new NodeInbound(incoming, outgoing);
}

class NodeInbound implements ServerAdapter {
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

  get ending(): boolean {
    const { shouldKeepAlive, maxRequestsOnConnectionReached } = this.#outgoing;
    if (!shouldKeepAlive || maxRequestsOnConnectionReached === true || this.#closing) return true;
    // In Bun 1.4 shouldKeepAlive stays true in a list of more than `close`.
    return parseConnection(this.#incoming.headers.connection ?? "").close;
  }

  /**
   * `server.close()` was called. It ends connections that are idle, but keeps those that are answered from then on until
   * their timeout, and the process with them (Node 24; also in Deno 2.9 and Bun 1.4).
   */
  get #closing(): boolean {
    return this.key.server?.listening === false;
  }

  /** On HTTP/1.0 Node is left to write `Connection: keep-alive`, and writes its own timeout behind it. */
  get announcesItself(): boolean {
    return this.minorVersion === 0;
  }

  begin(onDone: () => void): void {
    const before = activeTimeouts.get(this.key);
    if (before === undefined) activeTimeouts.set(this.key, this.key.timeout ?? 0);
    // Node does so itself only if its own keepAliveTimeout is not off.
    else this.key.setTimeout(before);
    let done = false;
    const once = (): void => {
      if (!done) onDone();
      done = true;
    };
    this.#outgoing.once("finish", once);
    this.#outgoing.once("close", once);
  }

  /**
   * A `Connection: keep-alive` of ours would overrule Node, and hold a connection open that HTTP/1.0, or a body that
   * ends with it, must end (Node 24, Deno 2.9). So Node is left to write it, and to leave it out where nothing is said.
   */
  write(headers: Headers, { connection, keepAlive }: Announcement): void {
    headers.delete("connection");
    headers.delete("keep-alive");
    if (keepAlive !== undefined) headers.set("keep-alive", keepAlive);
    if (connection === "close") headers.set("connection", "close");
    else if (keepAlive !== undefined) return;
    else if (connection === undefined) this.#outgoing.removeHeader("connection");
    else if (this.minorVersion > 0) headers.set("connection", connection);
  }

  /** Node sets its own keepAliveTimeout in a listener of `finish` that was there first, so this one has the last word. */
  closeAfter(ms: number, isIdle: () => boolean): void {
    const delay = ms === Infinity ? 0 : Math.min(Math.max(1, Math.ceil(ms)), MAX_DELAY_MS);
    this.#outgoing.once("finish", () => {
      // What was announced before the server began to close must not hold it up.
      if (isIdle()) this.key.setTimeout(this.#closing ? 1 : delay);
    });
  }
}
