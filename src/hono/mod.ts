/**
 * Keep-alive rules for both sides of a Hono application: {@linkcode keepAlive} for the connections that come in,
 * {@linkcode upstream} and {@linkcode forward} for those that go out, and {@linkcode poolStatus} to watch a pool at work.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { behind, keepAlive, upstream, type UpstreamEnv } from "@holdfast/pool/hono";
 *
 * const app = new Hono<UpstreamEnv>();
 * app.use(keepAlive(behind("aws-alb")));
 * app.use(upstream({ idleTimeout: "50s" }));
 * app.get("/items", (c) => c.var.upstream.fetch("https://api.example.com/items"));
 * ```
 *
 * @module
 */

export { type BehindOptions, behind } from "../inbound/behind.ts";
export type {
  EnforcementLimited,
  EnvironmentMissing,
  InboundEnded,
  KeepAliveEvent,
  KeepAliveListener,
} from "../inbound/keep-alive-events.ts";
export type { KeepAliveRules } from "../inbound/keep-alive-rules.ts";
export type { Enforcement, ServerKind } from "../inbound/server-adapter.ts";
export {
  type ClosablePool,
  type ShutdownOptions,
  type ShutdownReport,
  shutdown,
} from "../inbound/shutdown.ts";
export type {
  BunServerLike,
  DenoServerLike,
  NodeServerLike,
  ShutdownServer,
} from "../inbound/stoppable-server.ts";
export { BALANCER_NAMES, type BalancerName } from "../presets/balancers.ts";
export {
  ANNOUNCER,
  type AnnouncedFacts,
  type Announcement,
  type Announcer,
  type ServerPreset,
} from "../rules/server-side.ts";
export { forward } from "./forward/forward.ts";
export type { ForwardOptions, Trust } from "./forward/forward-options.ts";
export type { ForwardingFields } from "./forward/forwarding-fields.ts";
export { type DotSegments, resolvedPath } from "./forward/request-path.ts";
export {
  type KeepAliveEnv,
  type KeepAliveInfo,
  type KeepAliveMiddleware,
  type KeepAliveOptions,
  type KeepAliveVariables,
  keepAlive,
} from "./inbound/keep-alive.ts";
export type { StatusPool } from "./status/message-builder.ts";
export { type PoolStatusOptions, poolStatus } from "./status/pool-status.ts";
export {
  type ForwardUpgradesOptions,
  forwardUpgrades,
  type UpgradeFailed,
  type UpgradeRequest,
  type UpgradeRoute,
  type UpgradingPool,
  type UpgradingServer,
} from "./upgrades/forward-upgrades.ts";
export { type ForwardWebSocketOptions, forwardWebSocket } from "./upgrades/forward-web-socket.ts";
export { hasDotSegments } from "./upstream/dot-segments.ts";
export { upstreamErrorResponse } from "./upstream/error-response.ts";
export {
  type RemoteUpstreamEnv,
  type Upstream,
  type UpstreamEnv,
  type UpstreamOptions,
  type UpstreamVariables,
  upstream,
} from "./upstream/upstream.ts";
export type {
  ClientFailed,
  UpstreamEvent,
  UpstreamFailed,
  UpstreamListener,
} from "./upstream/upstream-events.ts";
