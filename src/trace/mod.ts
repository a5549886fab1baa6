/**
 * Tracing: a pool whose calls are spans of OpenTelemetry, by its conventions for HTTP clients. Nothing is imported from
 * OpenTelemetry: a tracer is recognised by its shape.
 *
 * @example
 * ```ts
 * import { trace as otel } from "@opentelemetry/api";
 * import { createPool } from "@holdfast/pool";
 * import { trace } from "@holdfast/pool/trace";
 *
 * const pool = trace(createPool(), otel.getTracer("my-service"));
 * await pool.fetch("https://api.example.com/items"); // a span "GET"; the server gets its traceparent
 * ```
 *
 * @module
 */

export { trace } from "./trace.ts";
export type { Propagate, SetHeader, TraceOptions } from "./trace-options.ts";
export type {
  SpanAttributes,
  SpanContextLike,
  SpanLike,
  SpanStart,
  TracerLike,
} from "./tracer-like.ts";
