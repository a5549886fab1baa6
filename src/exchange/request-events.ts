/** Request events: publishes the events of one request, and counts its retries and failures. */

import type { RetryReason } from "../contract/reasons.ts";
import type { Wire } from "../contract/wire.ts";
import type { HttpVersion } from "../contract/wire-protocol.ts";
import type { Lease, PooledConnection } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { type DoubtBudget, mustTell } from "../rules/doubt.ts";
import type { WireRequest } from "./message.ts";

/** What events tell of a response. */
export interface ResponseFacts {
  readonly head: { readonly status: number; readonly httpVersion: HttpVersion };
  readonly lease: Lease<Wire>;
  readonly resendCount: number;
}

/** What events tell of a request. */
export type EventRequest = Pick<WireRequest, "origin" | "method" | "tag">;

/** The failure of a request. An object, because the error may be `undefined`. */
export interface ExchangeFailure {
  readonly error: unknown;
}

/** Publishes the events of one request. */
export class RequestEvents {
  readonly #pool: ConnectionPool<Wire>;
  readonly #request: EventRequest;
  /** The number of the request. */
  readonly id: number;

  constructor(pool: ConnectionPool<Wire>, request: EventRequest) {
    this.#pool = pool;
    this.#request = request;
    this.id = pool.observers.nextRequest();
  }

  started(): void {
    const { observers } = this.#pool;
    if (!observers.topics["request.started"].wanted) return;
    observers.publish({ type: "request.started", ...this.#about });
  }

  /** The request is over, with a response or with a failure. */
  ended(
    response: ResponseFacts | undefined,
    startedAt: number,
    resendCount: number,
    failure: ExchangeFailure | undefined,
  ): void {
    if (failure === undefined) this.#finished(response, startedAt);
    else this.#failed(failure.error, startedAt, resendCount);
  }

  #finished(response: ResponseFacts | undefined, startedAt: number): void {
    const { observers } = this.#pool;
    if (response === undefined || !observers.topics["request.finished"].wanted) return;
    const { head, lease, resendCount } = response;
    observers.publish({
      type: "request.finished",
      ...this.#facts(startedAt, resendCount),
      status: head.status,
      httpVersion: head.httpVersion,
      connection: lease.connection.record.id,
      reused: lease.requestNumber > 1,
    });
  }

  retried(reason: RetryReason, resendCount: number, failed: PooledConnection<Wire>): void {
    failed.record.originRecord.counters.retries += 1;
    const { observers } = this.#pool;
    if (!observers.topics["request.retried"].wanted) return;
    const { record } = failed;
    observers.publish({
      type: "request.retried",
      ...this.#about,
      reason,
      resendCount,
      connection: record.id,
    });
  }

  /** The first attempt may have been sent into the void: a second one begins. */
  doubted({ connection, grantedAt }: Lease<Wire>, now: number): void {
    const { id, originRecord, leasedIdleMs: idleMs } = connection.record;
    originRecord.counters.retries += 1;
    const { observers } = this.#pool;
    if (!observers.topics["request.doubted"].wanted) return;
    const waitedMs = now - grantedAt;
    observers.publish({ type: "request.doubted", ...this.#about, connection: id, idleMs, waitedMs });
  }

  /** A second attempt would have been due, but the origin has had too many. */
  budgetUsedUp(budget: DoubtBudget, now: number): void {
    const { observers } = this.#pool;
    if (!observers.topics["doubt.exhausted"].wanted || !mustTell(budget, now)) return;
    observers.publish({ type: "doubt.exhausted", origin: this.#request.origin.key });
  }

  #failed(error: unknown, startedAt: number, resendCount: number): void {
    const entry = this.#pool.core.origins.find(this.#pool.pooledAs(this.#request.origin).key);
    if (entry !== undefined) entry.counters.failures += 1;
    const { observers } = this.#pool;
    if (!observers.topics["request.failed"].wanted) return;
    observers.publish({ type: "request.failed", ...this.#facts(startedAt, resendCount), error });
  }

  hintIgnored(connection: PooledConnection<Wire>, value: string): void {
    const { observers } = this.#pool;
    if (!observers.topics["hint.ignored"].wanted) return;
    const origin = this.#request.origin.key;
    observers.publish({ type: "hint.ignored", connection: connection.record.id, origin, value });
  }

  #facts(startedAt: number, resendCount: number) {
    const elapsedMs = this.#pool.now() - startedAt;
    return { ...this.#about, elapsedMs, resendCount };
  }

  get #about() {
    const { origin, method, tag } = this.#request;
    const about = { request: this.id, origin: origin.key, method };
    return tag === undefined ? about : { ...about, tag };
  }
}
