/**
 * Holdfast: HTTP keep-alive by one rule book on Node, Deno and Bun.
 *
 * @example
 * ```ts
 * import { connectionOf, createPool } from "@holdfast/pool";
 *
 * await using pool = createPool({ idleTimeout: "60s", maxRequests: 1000, maxLifetime: "1h" });
 * const response = await pool.fetch("https://api.example.com/items");
 * console.log(connectionOf(response)); // { id: 1, reused: false, requestNumber: 1, … }
 * ```
 *
 * @module
 */

import * as presets from "./src/presets/mod.ts";

export { type Clock, systemClock, type Timer } from "./src/clock.ts";
export type { Duration } from "./src/duration.ts";
export {
  type ConnectionInfo,
  type ErrorCode,
  HoldfastError,
  type OriginSnapshot,
  type Phase,
  ProtocolError,
  type ProtocolFault,
  type Sent,
} from "./src/errors.ts";
export type * from "./src/events.ts";
export type { BodySource } from "./src/fetch/body.ts";
export { connectionOf } from "./src/fetch/connection-of.ts";
export type { HeadersSource, PoolResponse, RequestOptions } from "./src/fetch/light.ts";
export type { FetchInit, FetchInput, RequestLike } from "./src/fetch/normalize.ts";
export { createPool, type Pool } from "./src/holdfast.ts";
export type { Fields } from "./src/http1/fields.ts";
export type { LimitStore, StoredLimit } from "./src/limit-store.ts";
export type {
  Attributes,
  Counting,
  InstrumentOptions,
  Meter,
  ObservableCallback,
  ObservableResult,
  Observed,
  Recording,
} from "./src/metrics/meter.ts";
export { type ObservablePool, observe } from "./src/metrics/observe.ts";
export type {
  EvictionOptions,
  PoolOptions,
  ResponseLimits,
  TcpKeepAliveOptions,
  TlsOptions,
} from "./src/options.ts";
export type { Origin } from "./src/origin.ts";
export type { ExplainedConnection, Explanation } from "./src/pool/explain.ts";
export type { ExplainedRule } from "./src/pool/own-rules.ts";
export type { State } from "./src/pool/state.ts";
export type { OriginStats, PoolStats } from "./src/pool/stats.ts";
export type { ProxyOptions } from "./src/proxy-options.ts";
export type { HintReader, HintSource } from "./src/rules/hints.ts";
export type { PersistenceFacts, PersistenceTest } from "./src/rules/persistence.ts";
export { PRESET, type PresetInfo } from "./src/rules/preset.ts";
export { RETIRE_REASONS, type RetireReason, type RetryReason } from "./src/rules/reasons.ts";
export type { FailedAttempt, RetryRule } from "./src/rules/retry.ts";
export type { Eviction, ReuseOrder, ServerHints } from "./src/rules/rules.ts";
export type { TcpKeepAlive, Transport } from "./src/transport.ts";
export { presets };
