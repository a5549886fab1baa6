/** Observe: passes the events and counts of a pool to a meter. */

import type { ConnectionRetired, PoolEvent, PoolListener } from "../contract/events.ts";
import type { PoolStats } from "../pool/stats.ts";
import { createInstruments, type Instruments } from "./instruments.ts";
import { Labels } from "./labels.ts";
import type { Attributes, Meter, ObservableResult } from "./meter.ts";

/** The members of a pool that are needed to observe it. */
export interface ObservablePool {
  /** As {@linkcode Pool.subscribe}. */
  subscribe(listener: PoolListener): () => void;
  /** As {@linkcode Pool.stats}. */
  stats(): PoolStats;
}

/**
 * Measures a pool by OpenTelemetry's semantic conventions: open connections and their durations, active requests, their
 * durations and their time in the queue. Two counters have no convention: connections retired, and requests sent again,
 * both by reason. Requests that started before the call are not counted.
 *
 * @returns a function that stops the measuring.
 *
 * @example
 * ```ts
 * import { metrics } from "@opentelemetry/api";
 *
 * const stop = observe(pool, metrics.getMeter("@holdfast/pool"));
 * ```
 */
export function observe(pool: ObservablePool, meter: Meter): () => void {
  const observer = new Observer(pool, createInstruments(meter));
  return observer.start();
}

class Observer {
  readonly #pool: ObservablePool;
  readonly #to: Instruments;
  readonly #labels: Labels = new Labels();
  /** The attributes of requests that have not ended, by the number of the request. */
  readonly #active: Map<number, Attributes> = new Map();

  constructor(pool: ObservablePool, instruments: Instruments) {
    this.#pool = pool;
    this.#to = instruments;
  }

  start(): () => void {
    const { openConnections, queuedRequests } = this.#to;
    openConnections.addCallback(this.#observeOpen);
    queuedRequests.addCallback(this.#observeQueued);
    const unsubscribe = this.#pool.subscribe((event) => this.#onEvent(event));
    return () => {
      unsubscribe();
      openConnections.removeCallback(this.#observeOpen);
      queuedRequests.removeCallback(this.#observeQueued);
      for (const request of this.#active.keys()) this.#ended(request);
    };
  }

  // These are read from the pool's own counts, not added up from events: they include connections opened before.

  readonly #observeOpen = (result: ObservableResult): void => {
    for (const [origin, { active, idle, protocol }] of Object.entries(this.#pool.stats().origins)) {
      const labels = this.#labels.of(origin);
      result.observe(active, labels.connections("active", protocol));
      result.observe(idle, labels.connections("idle", protocol));
    }
  };

  readonly #observeQueued = (result: ObservableResult): void => {
    for (const [origin, { queued }] of Object.entries(this.#pool.stats().origins)) {
      result.observe(queued, this.#labels.of(origin).server);
    }
  };

  #onEvent(event: PoolEvent): void {
    switch (event.type) {
      case "request.started":
        return this.#started(event.request, this.#labels.of(event.origin).request(event.method));
      case "connection.acquired":
        return this.#waited(event.waitedMs, event.request, event.origin);
      case "request.finished":
        this.#to.requestDuration.record(
          event.elapsedMs / 1000,
          this.#labels.of(event.origin).finished(event),
        );
        return this.#ended(event.request);
      case "request.failed":
        this.#to.requestDuration.record(event.elapsedMs / 1000, this.#labels.of(event.origin).failed(event));
        return this.#ended(event.request);
      case "request.retried":
        return this.#to.resentRequests.add(
          1,
          this.#withReason(event.origin, "holdfast.resend.reason", event.reason),
        );
      case "request.doubted":
        return this.#to.resentRequests.add(
          1,
          this.#withReason(event.origin, "holdfast.resend.reason", "no-answer"),
        );
      case "connection.retired":
        return this.#retired(event);
      default:
    }
  }

  #started(request: number, attributes: Attributes): void {
    this.#active.set(request, attributes);
    this.#to.activeRequests.add(1, attributes);
  }

  #ended(request: number): void {
    const attributes = this.#active.get(request);
    if (attributes === undefined) return;
    this.#active.delete(request);
    this.#to.activeRequests.add(-1, attributes);
  }

  /** A request that found a connection at once was in no queue. It is not recorded, as in .NET. */
  #waited(waitedMs: number, request: number, origin: string): void {
    if (waitedMs === 0) return;
    this.#to.timeInQueue.record(waitedMs / 1000, this.#active.get(request) ?? this.#labels.of(origin).server);
  }

  /** A connection that never opened has a reason, but no duration. */
  #retired({ ageMs, origin, reason, protocol }: ConnectionRetired): void {
    this.#to.retiredConnections.add(1, this.#withReason(origin, "holdfast.retire.reason", reason));
    if (ageMs > 0) this.#to.connectionDuration.record(ageMs / 1000, this.#labels.of(origin).spoken(protocol));
  }

  #withReason(origin: string, name: string, reason: string): Attributes {
    return this.#labels.of(origin).withReason(name, reason);
  }
}
