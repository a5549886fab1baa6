/** Stoppable servers: how each kind of server refuses connections, how many requests it still runs, and how it is forced. */

import { show } from "../options/checks.ts";
import { denoRequests } from "./deno-adapter.ts";
import { isBun } from "./is-bun.ts";
import { openOf } from "./open-connections.ts";
import type { ServerKind } from "./server-adapter.ts";

/** A `node:http` or `node:http2` server: what `serve()` of @hono/node-server returns. */
export interface NodeServerLike {
  /** Refuses new connections. */
  close(callback?: (error?: Error) => void): unknown;
  /** Counts the connections. */
  getConnections(callback: (error: Error | null, count: number) => void): unknown;
}

/** What `Deno.serve()` returns. */
export interface DenoServerLike {
  /** Refuses new connections, and resolves when the last has ended. */
  shutdown(): Promise<void>;
  /** Resolves when the server has ended. */
  readonly finished: Promise<void>;
}

/** What `Bun.serve()` returns. */
export interface BunServerLike {
  /** Refuses new connections; `true` ends all of them at once. */
  stop(closeActiveConnections?: boolean): unknown;
  /** Requests without a whole response. */
  readonly pendingRequests: number;
}

/** A server that `shutdown()` knows. */
export type ShutdownServer = NodeServerLike | DenoServerLike | BunServerLike;

/** The steps of a shutdown, the same for all servers. */
export interface StoppableServer {
  readonly kind: ServerKind;
  /** Once it is stopped, it answers the first byte of a connection with RST (Bun 1.4): such a byte may be on its way. */
  readonly resetsSilent: boolean;
  /** Refuses new connections and ends those that are idle. Resolves when the last connection has ended. */
  stop(): Promise<unknown>;
  /** Ends the connections that have become idle since, on servers that do not do so themselves. */
  endIdle(): void;
  /** How many requests are running. On Node: connections that have one, or have begun to send one. */
  running(): Promise<number>;
  /** Ends all connections now, where the server can. */
  force(): void;
}

/**
 * The server's steps.
 *
 * @throws {TypeError} for anything else than a server.
 */
export function stoppable(server: ShutdownServer): StoppableServer {
  const given: unknown = server;
  if (typeof given === "object" && given !== null) {
    const has = (name: string): boolean => typeof (given as Record<string, unknown>)[name] === "function";
    if (has("getConnections") && has("close")) return new NodeStop(server as NodeServer);
    if (has("shutdown") && "finished" in given) return denoStop(server as DenoServerLike);
    if (has("stop") && "pendingRequests" in given) return bunStop(server as BunServerLike);
  }
  throw new TypeError(
    `server must be a server of @hono/node-server, Deno.serve or Bun.serve: current value is ${show(given)}`,
  );
}

interface NodeServer extends NodeServerLike {
  readonly listening?: boolean;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
}

class NodeStop implements StoppableServer {
  readonly kind = "node";
  readonly resetsSilent: boolean = isBun();
  readonly #server: NodeServer;
  /** Connections that had not sent a byte when they were last looked at. */
  #silent: WeakSet<object> = new WeakSet();

  constructor(server: NodeServer) {
    this.#server = server;
  }

  /** A server that was closed before, and still has connections, is waited for as well: by `running()`. */
  stop(): Promise<unknown> {
    const isOpen = this.#server.listening !== false;
    const closed = new Promise<void>((resolve) =>
      this.#server.close((error) => error === undefined && resolve()),
    );
    // Sessions of HTTP/2 stay open after `close()`, idle ones too. This sends their GOAWAY (RFC 9113 §6.8).
    for (const session of openOf(this.#server).sessions) if (!session.closed) session.close();
    return isOpen ? closed : new Promise(() => {});
  }

  /**
   * `close()` ends the connections that are idle at that moment. One that is answered afterwards is kept until its timeout
   * unless the response says `close`, and one that has never sent a byte counts as busy (Node 24, Deno 2.9, Bun 1.4). Such a
   * one ends when it is seen for the second time, because the first request of a new connection may be on its way.
   */
  endIdle(): void {
    this.#server.closeIdleConnections?.();
    // Bun's sockets of `node:http` say 0 whatever they have read.
    if (isBun()) return;
    for (const socket of openOf(this.#server).sockets) {
      if (socket.bytesRead !== 0) continue;
      if (this.#silent.has(socket)) socket.destroy?.();
      this.#silent.add(socket);
    }
  }

  running(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_, count) => resolve(count ?? 0)));
  }

  force(): void {
    this.#server.closeAllConnections?.();
    const { sockets, sessions } = openOf(this.#server);
    for (const session of sessions) if (!session.destroyed) session.destroy?.();
    for (const socket of sockets) socket.destroy?.();
  }
}

/**
 * Deno ends idle connections itself, and others after their response. Once that has begun, not even the `signal` that was
 * given to Deno.serve cuts them off (Deno 2.9).
 */
function denoStop(server: DenoServerLike): StoppableServer {
  return {
    kind: "deno",
    resetsSilent: false,
    async stop() {
      denoRequests.closing += 1;
      try {
        await server.shutdown();
      } finally {
        denoRequests.closing -= 1;
      }
    },
    endIdle() {},
    running: async () => denoRequests.running,
    force() {},
  };
}

/** Bun ends idle connections itself, and others after their response. */
function bunStop(server: BunServerLike): StoppableServer {
  return {
    kind: "bun",
    resetsSilent: true,
    stop: async () => await server.stop(),
    endIdle() {},
    running: async () => server.pendingRequests,
    force: () => void server.stop(true),
  };
}
