/** Observe: a pool's events and counts, told to a meter. */

import type { PoolEvent, PoolListener } from "../contract/events.ts";
import type { PoolStats } from "../pool/stats.ts";
import { createInstruments, type Instruments } from "./instruments.ts";
import { Labels } from "./labels.ts";
import type { Attributes, Meter, ObservableResult } from "./meter.ts";

/** What of a pool is observed. */
export interface ObservablePool {
  subscribe(listener: PoolListener): () => void;
  stats(): PoolStats;
}

/**
 * Measures a pool by OpenTelemetry's semantic conventions: open connections, their duration, active requests, their
 * duration and their time in the queue; and beyond them retired connections by reason, and requests sent again.
 * Requests that were under way before are not counted. Call what is returned to stop.
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
  /** Requests that are not over. */
  readonly #active: Map<number, Attributes> = new Map();

  constructor(pool: ObservablePool, instruments: Instruments) {
    this.#pool = pool;
    this.#to = instruments;
  }

  start(): () => void {
    const { openConnections, queuedRequests } = this.#to;
    openConnections.addCallback(this.#observeOpen);
    queuedRequests.addCallback(this.#observeQueued);
    const unsubscribe = this.#pool.subscribe((event) => this.#told(event));
    return () => {
      unsubscribe();
      openConnections.removeCallback(this.#observeOpen);
      queuedRequests.removeCallback(this.#observeQueued);
      for (const request of this.#active.keys()) this.#over(request);
    };
  }

  // Counts are read, not added up: they hold what was open before, and cannot drift.

  readonly #observeOpen = (result: ObservableResult): void => {
    for (const [origin, { active, idle }] of Object.entries(this.#pool.stats().origins)) {
      const labels = this.#labels.of(origin);
      result.observe(active, labels.active);
      result.observe(idle, labels.idle);
    }
  };

  readonly #observeQueued = (result: ObservableResult): void => {
    for (const [origin, { queued }] of Object.entries(this.#pool.stats().origins)) {
      result.observe(queued, this.#labels.of(origin).server);
    }
  };

  #told(event: PoolEvent): void {
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
        return this.#over(event.request);
      case "request.failed":
        this.#to.requestDuration.record(event.elapsedMs / 1000, this.#labels.of(event.origin).failed(event));
        return this.#over(event.request);
      case "request.retried":
        return this.#to.resentRequests.add(
          1,
          this.#because(event.origin, "holdfast.resend.reason", event.reason),
        );
      case "connection.retired":
        return this.#retired(event.ageMs, event.origin, event.reason);
      default:
    }
  }

  #started(request: number, attributes: Attributes): void {
    this.#active.set(request, attributes);
    this.#to.activeRequests.add(1, attributes);
  }

  #over(request: number): void {
    const attributes = this.#active.get(request);
    if (attributes === undefined) return;
    this.#active.delete(request);
    this.#to.activeRequests.add(-1, attributes);
  }

  /** One that found a connection at once was in no queue, and is not counted as in .NET. */
  #waited(waitedMs: number, request: number, origin: string): void {
    if (waitedMs === 0) return;
    this.#to.timeInQueue.record(waitedMs / 1000, this.#active.get(request) ?? this.#labels.of(origin).server);
  }

  /** One that never opened has a reason, but no age. */
  #retired(ageMs: number, origin: string, reason: string): void {
    this.#to.retiredConnections.add(1, this.#because(origin, "holdfast.retire.reason", reason));
    if (ageMs > 0) this.#to.connectionDuration.record(ageMs / 1000, this.#labels.of(origin).server);
  }

  #because(origin: string, name: string, reason: string): Attributes {
    return this.#labels.of(origin).because(name, reason);
  }
}
