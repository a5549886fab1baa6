/** Journal: what observers are told of one request, and what is counted of it. */

import type { PooledConnection } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { RetryReason } from "../rules/reasons.ts";
import type { WireRequest, WireResponse } from "./message.ts";
import type { Wire } from "./wire.ts";

/** The record of one request. */
export class Journal {
  readonly #pool: ConnectionPool<Wire>;
  readonly #request: WireRequest;
  readonly #origin: string;
  readonly #method: string;
  /** The request's number. */
  readonly id: number;

  constructor(pool: ConnectionPool<Wire>, request: WireRequest) {
    this.#pool = pool;
    this.#request = request;
    this.#origin = request.origin.key;
    this.#method = request.method;
    this.id = pool.observers.nextRequest();
  }

  started(): void {
    const { observers } = this.#pool;
    if (!observers.wants("request.started")) return;
    observers.tell({
      type: "request.started",
      request: this.id,
      origin: this.#origin,
      method: this.#method,
    });
  }

  finished(response: WireResponse | undefined, startedAt: number): void {
    const { observers } = this.#pool;
    if (response === undefined || !observers.wants("request.finished")) return;
    const { head, lease, resendCount } = response;
    observers.tell({
      type: "request.finished",
      ...this.#facts(startedAt, resendCount),
      status: head.status,
      httpVersion: head.minorVersion === 0 ? "1.0" : "1.1",
      connection: lease.connection.record.id,
      reused: lease.requestNumber > 1,
    });
  }

  retried(reason: RetryReason, resendCount: number, failed: PooledConnection<Wire>): void {
    failed.record.entry.counters.retries += 1;
    const { observers } = this.#pool;
    if (!observers.wants("request.retried")) return;
    const { record } = failed;
    const facts = { request: this.id, origin: this.#origin, method: this.#method };
    observers.tell({ type: "request.retried", ...facts, reason, resendCount, connection: record.id });
  }

  failed(error: unknown, startedAt: number, resendCount: number): void {
    const entry = this.#pool.core.floor.find(this.#pool.pooledAs(this.#request.origin).key);
    if (entry !== undefined) entry.counters.failures += 1;
    const { observers } = this.#pool;
    if (!observers.wants("request.failed")) return;
    observers.tell({ type: "request.failed", ...this.#facts(startedAt, resendCount), error });
  }

  hintIgnored(connection: PooledConnection<Wire>, value: string): void {
    const { observers } = this.#pool;
    if (!observers.wants("hint.ignored")) return;
    observers.tell({ type: "hint.ignored", connection: connection.record.id, origin: this.#origin, value });
  }

  #facts(startedAt: number, resendCount: number) {
    const elapsedMs = this.#pool.now() - startedAt;
    return { request: this.id, origin: this.#origin, method: this.#method, elapsedMs, resendCount };
  }
}
