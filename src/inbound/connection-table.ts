/** What is remembered of an inbound connection between its requests, and the table for servers that show no socket. */

import type { InboundFacts } from "../rules/server-side.ts";

/** Facts of one inbound connection. */
export interface InboundConnection extends InboundFacts {
  requests: number;
  /**
   * The response with `Connection: close` has been decided: no later request on this connection may be executed. Over
   * HTTP/2: GOAWAY was sent.
   */
  closing: boolean;
  /** Requests that are not answered yet. More than one where the client pipelines, or over HTTP/2. */
  activeRequests: number;
  /** When its last request started or ended. */
  lastSeenAt: number;
}

/** A connection whose first request has just arrived. */
export function newInboundConnection(openedAt: number, expiresAt: number): InboundConnection {
  return { openedAt, expiresAt, requests: 0, closing: false, activeRequests: 0, lastSeenAt: openedAt };
}

/**
 * Connections by address and port, for Deno.serve and Bun.serve, which show no socket.
 *
 * These servers do not say when a connection ends. An entry is dropped when it has been silent for longer than the idle
 * timeout, when its last response was sent, and when the table is full and other entries were used more recently. So a
 * client that opens many ports cannot use more memory than `capacity` entries.
 */
export class ConnectionTable {
  readonly #capacity: number;
  /** Least recently seen first. */
  readonly #records: Map<string, InboundConnection> = new Map();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of entries. */
  get size(): number {
    return this.#records.size;
  }

  /** The connection, or `undefined` if it is new or has been silent for longer than `silentMs`. */
  find(key: string, silentMs: number, now: number): InboundConnection | undefined {
    const record = this.#records.get(key);
    if (record === undefined) return undefined;
    if (now - record.lastSeenAt > silentMs && record.activeRequests === 0) return undefined;
    this.add(key, record);
    return record;
  }

  /** Adds a connection, or marks it as the most recently seen. */
  add(key: string, record: InboundConnection): void {
    this.#records.delete(key);
    this.#records.set(key, record);
    if (this.#records.size <= this.#capacity) return;
    const [stalest] = this.#records.keys();
    if (stalest !== undefined) this.#records.delete(stalest);
  }

  /** Drops a connection. The next request from the same address and port counts as a new connection. */
  remove(key: string): void {
    this.#records.delete(key);
  }
}
