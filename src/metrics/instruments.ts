/**
 * Instruments: everything that is measured, with names, units and buckets, for OpenTelemetry and for `/metrics` alike.
 *
 * `http.client.*` follow the HTTP semantic conventions 1.44 (`model/http/metrics.yaml`). `time_in_queue`, which these
 * lack, follows .NET (`docs/dotnet/dotnet-http-metrics.md`). Instruments of neither begin with the name of this library.
 * Durations are in seconds, as the conventions ask; everywhere else in this library they are in ms.
 */

import type { Counting, InstrumentOptions, Meter, Observed, Recording } from "./meter.ts";

/** Upper bounds of the buckets for the durations of requests, in seconds, as the conventions advise. */
const REQUEST_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** Upper bounds of the buckets for the durations of connections, in seconds: those of .NET, to which the conventions refer. */
const CONNECTION_SECONDS: readonly number[] = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
];

/** All instruments. */
export interface Instruments {
  /** `http.client.open_connections`: by `http.connection.state`, `active` or `idle`, and `network.protocol.version`. */
  readonly openConnections: Observed;
  /** `http.client.connection.duration`: from the end of connecting until the connection is retired. */
  readonly connectionDuration: Recording;
  /** `http.client.request.duration`: from the call to the last byte of the response body, the queue included. */
  readonly requestDuration: Recording;
  /** `http.client.active_requests`: requests that have started and not ended. */
  readonly activeRequests: Counting;
  /** `http.client.request.time_in_queue`: only of requests that had to wait for a connection. */
  readonly timeInQueue: Recording;
  /** `holdfast.client.queued_requests`: requests that are waiting for a connection. */
  readonly queuedRequests: Observed;
  /** `holdfast.client.retired_connections`: by `holdfast.retire.reason`. */
  readonly retiredConnections: Counting;
  /** `holdfast.client.resent_requests`: by `holdfast.resend.reason`. */
  readonly resentRequests: Counting;
}

/** Makes all instruments with one meter. */
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
