/**
 * Holdfast: an HTTP connection pool with the same keep-alive rules on Node, Deno and Bun. {@linkcode createPool} makes
 * a pool, whose `fetch` is the standard's; {@linkcode connectionOf} tells which connection a response came on;
 * {@linkcode observe} measures a pool; {@linkcode presets} are the rules of other clients and servers, as options.
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

export { type Clock, type StoppingClock, systemClock, type Timer } from "./src/contract/clock.ts";
export type { Duration } from "./src/contract/duration.ts";
export {
  type ConnectionInfo,
  type ErrorCode,
  HoldfastError,
  type OriginSnapshot,
  type Phase,
  ProtocolError,
  type ProtocolFault,
  type Sent,
} from "./src/contract/errors.ts";
export type * from "./src/contract/events.ts";
export type {
  LimitMemory,
  LimitStore,
  SeenClose,
  SeenGoaway,
  StoredLimit,
} from "./src/contract/limit-store.ts";
export type { Http2Mode, Origin, OriginRoute, OriginTls } from "./src/contract/origin.ts";
export { RETIRE_REASONS, type RetireReason, type RetryReason } from "./src/contract/reasons.ts";
export type {
  Alloc,
  AppliedOptions,
  ByteTransform,
  Capabilities,
  ContentDecoder,
  DiagnosticsChannel,
  ReadBlob,
  RunInContext,
  Socket,
  SocketAddresses,
  SocketHandler,
  Target,
  TcpKeepAlive,
  TextCodec,
  TlsFacts,
  TlsFeature,
  TlsSession,
  TlsSessions,
  TlsTarget,
  TlsVersion,
  Transport,
  TransportError,
  TransportErrorKind,
} from "./src/contract/transport.ts";
export type { HttpVersion, WireProtocol } from "./src/contract/wire-protocol.ts";
export { createPool, type Pool } from "./src/create-pool.ts";
export type { UpgradedSocket } from "./src/exchange/upgraded-socket.ts";
export type { HeadersSource } from "./src/fetch/arguments.ts";
export type { CallOptions, HoldsCallOptions } from "./src/fetch/call-options.ts";
export { connectionOf } from "./src/fetch/connection-of.ts";
export type { FetchFunction } from "./src/fetch/fetch-function.ts";
export type { FetchInit, FetchInput, RequestLike } from "./src/fetch/fetch-request.ts";
export type { PoolResponse } from "./src/fetch/pool-response.ts";
export type { BodySource } from "./src/fetch/prepare-body.ts";
export type { RequestOptions } from "./src/fetch/request.ts";
export type { TrailersSource } from "./src/fetch/request-trailers.ts";
export type { UpgradeOptions, UpgradeResponse } from "./src/fetch/upgrade.ts";
export type { Fields } from "./src/http1/parse/fields.ts";
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
export type { DoubtOptions } from "./src/options/doubt-option.ts";
export type {
  EvictionOptions,
  MinIdleOptions,
  OriginOptions,
  OriginsOption,
  PingOptions,
  PoolOptions,
  ProxyOptions,
  ResponseLimits,
  TcpKeepAliveOptions,
  TlsOptions,
} from "./src/options/options.ts";
export type { ExplainedRule } from "./src/pool/configured-rules.ts";
export type { State } from "./src/pool/core/state.ts";
export type { ExplainedConnection, Explanation } from "./src/pool/explain.ts";
export type { OriginStats, PoolStats } from "./src/pool/stats.ts";
export type { HintReader, HintSource } from "./src/rules/hints.ts";
export type { ConnectionOptions, PersistenceFacts, PersistenceTest } from "./src/rules/persistence.ts";
export {
  type Http2Info,
  type Http2PingInfo,
  PRESET,
  type PresetInfo,
} from "./src/rules/preset-info.ts";
export type { FailedAttempt, RetryRule } from "./src/rules/retry.ts";
export type { Eviction, ReuseOrder, ServerHints, Spread } from "./src/rules/rules.ts";
export { presets };
