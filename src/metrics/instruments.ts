/**
 * Instruments: the one list of what is measured, with names, units and buckets. OpenTelemetry and `/metrics` both
 * take it from here.
 *
 * `http.client.*` are those of the HTTP semantic conventions 1.44 (`model/http/metrics.yaml`), and
 * `time_in_queue` that of .NET (`docs/dotnet/dotnet-http-metrics.md`), which the conventions lack. What neither
 * knows has this library's name in front. Times are seconds here, and only here.
 */

import type { Counting, InstrumentOptions, Meter, Observed, Recording } from "./meter.ts";

/** Buckets of a request's times, in seconds, as the convention advises. */
const REQUEST_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** Buckets of a connection's life, in seconds: those of .NET, which the convention names. */
const CONNECTION_SECONDS: readonly number[] = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
];

/** All that is measured. */
export interface Instruments {
  /** `http.client.open_connections`: by `http.connection.state`, `active` or `idle`. */
  readonly openConnections: Observed;
  /** `http.client.connection.duration`: from the open connection to its end. */
  readonly connectionDuration: Recording;
  /** `http.client.request.duration`: to the last byte of the body, waiting included. */
  readonly requestDuration: Recording;
  /** `http.client.active_requests`: started and not over. */
  readonly activeRequests: Counting;
  /** `http.client.request.time_in_queue`: of those that found no connection at hand. */
  readonly timeInQueue: Recording;
  /** `holdfast.client.queued_requests`: those that wait now. */
  readonly queuedRequests: Observed;
  /** `holdfast.client.retired_connections`: by `holdfast.retire.reason`. */
  readonly retiredConnections: Counting;
  /** `holdfast.client.resent_requests`: by `holdfast.resend.reason`. */
  readonly resentRequests: Counting;
}

/** Makes all of them with one meter. */
export function createInstruments(meter: Meter): Instruments {
  return {
    openConnections: meter.createObservableUpDownCounter(
      "http.client.open_connections",
      counted("{connection}", "Outbound HTTP connections that are currently active or idle."),
    ),
    connectionDuration: meter.createHistogram(
      "http.client.connection.duration",
      timed(CONNECTION_SECONDS, "The duration of successfully established outbound HTTP connections."),
    ),
    requestDuration: meter.createHistogram(
      "http.client.request.duration",
      timed(REQUEST_SECONDS, "Duration of HTTP client requests."),
    ),
    activeRequests: meter.createUpDownCounter(
      "http.client.active_requests",
      counted("{request}", "Number of active HTTP requests."),
    ),
    timeInQueue: meter.createHistogram(
      "http.client.request.time_in_queue",
      timed(REQUEST_SECONDS, "Time requests spent waiting for an available connection."),
    ),
    queuedRequests: meter.createObservableUpDownCounter(
      "holdfast.client.queued_requests",
      counted("{request}", "Requests that wait for a connection."),
    ),
    retiredConnections: meter.createCounter(
      "holdfast.client.retired_connections",
      counted("{connection}", "Connections that carry no further request, by reason."),
    ),
    resentRequests: meter.createCounter(
      "holdfast.client.resent_requests",
      counted("{request}", "Requests sent again on a fresh connection, by reason."),
    ),
  };
}

function counted(unit: string, description: string): InstrumentOptions {
  return { unit, description };
}

function timed(seconds: readonly number[], description: string): InstrumentOptions {
  return { unit: "s", description, advice: { explicitBucketBoundaries: [...seconds] } };
}
