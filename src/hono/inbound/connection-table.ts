/**
 * Connection table: inbound connections by address and port, where a server shows no socket (Deno.serve, Bun.serve).
 * Nothing says when such a connection ends, so an entry is forgotten when it has been silent for longer than the idle
 * timeout, when its last response was sent, and when the table is full and others were used later: a client that
 * opens many ports costs no more than the bound.
 */

import type { InboundConnection } from "./inbound-connection.ts";

/** At most `capacity` connections, those seen last. */
export class ConnectionTable {
  readonly #capacity: number;
  /** In the order in which they were last seen. */
  readonly #records: Map<string, InboundConnection> = new Map();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Connections that are remembered. */
  get size(): number {
    return this.#records.size;
  }

  /** The connection, or `undefined` if it is new or has been silent for longer than `silentMs`. */
  find(key: string, silentMs: number, now: number): InboundConnection | undefined {
    const record = this.#records.get(key);
    if (record === undefined) return undefined;
    if (now - record.seenAt > silentMs && record.running === 0) return undefined;
    this.keep(key, record);
    return record;
  }

  /** Remembers a connection as the one seen last. */
  keep(key: string, record: InboundConnection): void {
    this.#records.delete(key);
    this.#records.set(key, record);
    if (this.#records.size <= this.#capacity) return;
    const [stalest] = this.#records.keys();
    if (stalest !== undefined) this.#records.delete(stalest);
  }

  /** Forgets a connection: the next request from there comes on another one. */
  forget(key: string): void {
    this.#records.delete(key);
  }
}
